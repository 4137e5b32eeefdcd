"""The run that an installed package brings: seen in every root, never written where it lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vae.commands.parser import main
from vae.errors import InputError
from vae.runs import folder
from vae.runs.folder import Run, existing_run, list_runs
from vae.runs.history import step_in_use, steps_in_history


def contents(place: Path) -> dict[str, bytes]:
    """Every file below `place`, by its path from there."""
    files = (path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def shipped(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one run, `tiny`. The folder of that run."""
    package = tmp_path / "package"
    shutil.copytree(trained_root / "tiny", package / "tiny")
    (package / "tiny" / "lock").unlink(missing_ok=True)
    monkeypatch.setattr(folder, "SHIPPED", package)
    return package / "tiny"


def test_a_shipped_run_is_seen_in_an_empty_root_and_reading_writes_nothing(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, root = contents(shipped), tmp_path / "runs"
    assert [run.name for run in list_runs(root)] == ["tiny"]
    assert existing_run(root, "tiny").folder == shipped
    words = ["sample", "tiny", "--root", str(root), "--out", str(tmp_path / "out.png")]
    assert main(words) == 0
    assert (tmp_path / "out.png").exists()
    assert contents(shipped) == before
    assert not root.exists()


def test_the_root_has_the_word_where_it_holds_a_run_of_that_name(
    shipped: Path, trained_root: Path, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    shutil.copytree(trained_root / "tiny", root / "tiny")
    shutil.copytree(trained_root / "tiny", root / "another")
    assert [run.name for run in list_runs(root)] == ["another", "tiny"]
    assert existing_run(root, "tiny").folder == root / "tiny"


def test_what_is_measured_of_a_shipped_run_is_kept_in_a_copy_under_the_root(
    shipped: Path, tmp_path: Path
) -> None:
    (shipped / "evaluation.json").unlink(missing_ok=True)
    before, root = contents(shipped), tmp_path / "runs"
    words = ["evaluate", "tiny", "--root", str(root), "--bound_num", "4", "--frechet_num", "0"]
    assert main(words) == 0
    assert contents(shipped) == before
    assert existing_run(root, "tiny").folder == root / "tiny"
    copied = contents(root / "tiny")
    assert copied.pop("evaluation.json")
    assert copied == before
    assert [path.name for path in root.iterdir()] == ["tiny"]


def test_an_earlier_checkpoint_of_a_shipped_run_is_put_into_use_in_a_copy(
    shipped: Path, tmp_path: Path
) -> None:
    before, root = contents(shipped), tmp_path / "runs"
    step = steps_in_history(Run(shipped))[0]
    assert main(["checkpoint", "tiny", "--root", str(root), "--use", str(step)]) == 0
    assert contents(shipped) == before
    assert step_in_use(Run(root / "tiny")) == step != step_in_use(Run(shipped))


def test_a_run_that_is_no_shipped_one_stays_where_it_is(shipped: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "new")
    run.make_writable()
    assert run.folder == run.place
    assert not run.root.exists()
    with pytest.raises(InputError, match="there are: tiny"):
        existing_run(run.root, "new")


def test_a_root_that_cannot_be_written_is_refused_with_a_sentence(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").write_text("a file where the root should be")
    assert main(["train", "tiny", "--root", str(tmp_path / "runs")]) == 2
    assert "could not be written" in capsys.readouterr().err
