"""The command `directions`: made, listed with what they move, removed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae.commands.parser import main
from vae.directions.definitions import load_directions
from vae.latent.encoding import load_latents
from vae.runs.folder import Run


@pytest.fixture
def run(trained_root: Path, tmp_path: Path) -> Run:
    """A copy of `tiny` that directions may be added to."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    return Run(tmp_path / "tiny")


def listed(capsys: pytest.CaptureFixture[str], run: Run, *words: str) -> dict[str, Any]:
    """The directions by name that the command ends with."""
    assert main(["directions", "tiny", "--root", str(run.root), "--json", *words]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    return {row["name"]: row for row in result["directions"]}


def test_a_direction_is_made_listed_and_removed(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listed(capsys, run) == {}
    pca = ["--method", "pca", "--out", str(run.maps / "pca.npz")]
    assert main(["project", "tiny", "--root", str(run.root), *pca]) == 0
    rows = listed(capsys, run, "--add", "Turned", "--attribute", "head_turn")
    assert rows["Turned"]["value"] == "upper quarter", "a number has no other side"
    assert {move["attribute"] for move in rows["Turned"]["leakage"]} >= {"head_turn", "scale"}
    rows = listed(
        capsys, run, "--add", "First", "--a", "0-4", "--b", "7, 9", "--orthogonal_to", "Turned"
    )
    assert (rows["First"]["a"], rows["First"]["b"]) == ([0, 1, 2, 3, 4], [7, 9])
    assert (rows["First"]["num_a"], rows["First"]["num_b"]) == (5, 2)
    assert rows["First"]["cosines"]["Turned"] == pytest.approx(0, abs=1e-9)
    assert [one.name for one in load_directions(run.directions_file)] == ["Turned", "First"]
    assert set(listed(capsys, run, "--remove", "First")) == {"Turned"}


def test_a_group_may_hold_images_that_have_no_posterior_mean_yet(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    known = set(load_latents(run.latents_file).index.tolist())
    some = sorted(set(range(60)) - known)[:3] or [0]
    rows = listed(capsys, run, "--add", "New", "--a", ",".join(map(str, some)), "--b", "1,2")
    assert rows["New"]["num_a"] == len(some)
    assert np.isfinite(rows["New"]["unit"])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--add", "X"], "--attribute"),
        (["--add", "X", "--attribute", "glasses", "--a", "1"], "--attribute"),
        (["--add", "X", "--a", "1", "--b", "five"], "numbers of images such as"),
        (["--add", "X", "--attribute", "wings"], "no attribute 'wings'"),
        (["--add", "X", "--a", "1"], "two groups"),
        (["--add", "X", "--remove", "Y"], "one of them"),
        (["--remove", "Y"], "no direction 'Y'"),
    ],
)
def test_bad_input_is_a_sentence_and_nothing_is_written(
    run: Run, capsys: pytest.CaptureFixture[str], words: list[str], part: str
) -> None:
    assert main(["directions", "tiny", "--root", str(run.root), *words]) == 2
    assert part in capsys.readouterr().err
    assert not run.directions_file.exists()
