"""The command `doctor`: findings by name, remedies as commands that the parser reads."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from vae.commands.parser import main, parser
from vae.config import with_values
from vae.runs.config_file import to_document
from vae.runs.folder import Run

SHIPPED = Path(__file__).parents[3] / "checkpoints"


@pytest.fixture
def collapsed(trained_root: Path, tmp_path: Path) -> Run:
    """A copy of `tiny` whose beta and last evaluation are those of a collapse."""
    run = Run(tmp_path / "tiny")
    shutil.copytree(trained_root / "tiny", run.folder)
    config = with_values(run.config(), {"train.beta": 5000.0})
    run.config_file.write_text(json.dumps(to_document(config)))
    events = [
        event | ({"train.beta": 5000.0} if "train.beta" in event else {})
        for event in run.events()
        if event["kind"] != "note"
    ]
    silent = {f"kl_{j}": 0.001 for j in range(6)}
    evaluation = {"kind": "eval", "step": 900, "epoch": 9, "nll": 90.0, "kl": 0.006}
    evaluation |= {"elbo": -90.006, "mse": 0.04, "active_units": 0, **silent}
    lines = [*events[:-1], evaluation, events[-1]]
    run.events_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


def diagnosed(capsys: pytest.CaptureFixture[str], root: Path, name: str) -> tuple[str, Any]:
    """The text and the JSON object that the command prints."""
    assert main(["doctor", name, "--root", str(root), "--json"]) == 0
    *text, last = capsys.readouterr().out.splitlines()
    return "\n".join(text), json.loads(last)


@pytest.mark.skipif(not (SHIPPED / "anime-faces").exists(), reason="the shipped run is not here")
def test_the_shipped_run_is_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    text, result = diagnosed(capsys, SHIPPED, "anime-faces")
    assert not {"error", "warning"} & {finding["kind"] for finding in result["findings"]}
    assert "0 errors, 0 warnings" in text


def test_a_collapse_is_named_with_its_evidence_and_its_remedy(
    collapsed: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    text, result = diagnosed(capsys, collapsed.folder.parent, "tiny")
    by_name = {finding["name"]: finding for finding in result["findings"]}
    assert set(by_name) == {"collapse", "few_images", "high_beta"}
    collapse = by_name["collapse"]
    assert collapse["kind"] == "error"
    assert "0 of 6 dimensions are active" in collapse["evidence"]
    assert "Set beta to 1 (train.beta 1.0)" in collapse["remedy"]
    assert by_name["few_images"]["kind"] == "info"
    assert "error: collapse" in text
    assert "1 error, 0 warnings" in text
    assert not any(mark in text for mark in ("**", "`"))
    assert max(map(len, text.splitlines()[:3])) <= 90


def test_the_commands_do_what_the_remedies_say(
    collapsed: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    _, result = diagnosed(capsys, collapsed.folder.parent, "tiny")
    gentler, restart = result["findings"][0]["commands"]
    words = shlex.split(gentler)
    assert words[:3] == ["python", "-m", "vae"]
    arguments = vars(parser().parse_args(words[3:]))
    assert (arguments["run"], arguments["begin_from"]) == ("tiny-2", "tiny")
    assert (arguments["train.beta"], arguments["root"]) == ("1.0", collapsed.folder.parent)
    arguments = vars(parser().parse_args(shlex.split(restart)[3:]))
    assert (arguments["run"], arguments["begin_from"]) == ("tiny-2", None)
    assert arguments["train.warmup_steps"] == "200"
    assert arguments["model.channels"] == "4,8,8,8,8", "a new run keeps the other options"


def test_bad_input_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "nobody", "--root", str(tmp_path), "--json"]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "nobody" in streams.err
