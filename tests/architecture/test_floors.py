"""What import-linter does not hold: names of modules, and what must not be imported at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def source_files() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "vae").rglob("*.py"), *(ROOT / "explorer").rglob("*.py")]


def test_no_module_is_a_grab_bag() -> None:
    names = {path.stem for path in source_files()}
    assert not names & {"utils", "helpers", "common", "base", "manager", "misc"}


def test_configuration_and_run_folder_need_no_torch_and_no_numpy() -> None:
    code = (
        "import sys, vae.config, vae.runs.folder, vae.runs.processes;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'streamlit')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_page_imports_nothing_heavy() -> None:
    """The first paint would wait for it."""
    code = (
        "import sys, explorer.state.cache, explorer.state.session, explorer.sidebar.run_controls;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'sklearn', 'umap')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
