"""A module stays short enough to be read at once, or says at its head why it does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 250
HEAD = 40  # lines in which the reason stands
REASON = "Longer than 250 lines because"


def modules() -> list[Path]:
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "vae", "explorer"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    there = (ROOT / name for name in files if name.endswith((".py", ".js")))
    return [file for file in there if file.is_file()]


def is_too_long(file: Path) -> bool:
    lines = file.read_text(encoding="utf-8").splitlines()
    return len(lines) > MAX_LINES and not any(REASON in line for line in lines[:HEAD])


def test_no_module_is_long_without_a_reason() -> None:
    long = {str(file.relative_to(ROOT)) for file in modules() if is_too_long(file)}
    assert not long
