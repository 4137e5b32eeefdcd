"""The command `checkpoint`: which weights are kept, and putting those of one into use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import vae
from tests.vae.commands.test_command import call, refuse
from tests.vae.training.test_trainer import TINY as CONFIG
from tests.vae.training.test_trainer import train
from vae.commands.parser import main
from vae.config import with_values
from vae.errors import FileError, InputError
from vae.latent import weights_in_use
from vae.latent.encoding import load_latents
from vae.model import checkpoints
from vae.runs.events import last_event, numbered
from vae.runs.folder import Run
from vae.runs.history import kept_checkpoints, steps_in_history, weights_of_step
from vae.training import saving as training

# Checkpoints: 4, 5, 8, 10, 12, 15, 16, 20, 24, every five steps and after each epoch of four.
LONGER = with_values(CONFIG, {"train.epochs": 6})
BEST, PAUSED_AT = 4, 13
KEPT = [BEST, 5, 10, PAUSED_AT]  # of each half octave the newest, and the best


@pytest.fixture(scope="module")
def paused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one, `a`, that was paused between checkpoints."""
    root = tmp_path_factory.mktemp("checkpoint")
    with pytest.MonkeyPatch.context() as patch:
        _best_at(patch, BEST)
        train(root / "a", LONGER, pause_at=PAUSED_AT)
    return root


def _best_at(patch: pytest.MonkeyPatch, step: int) -> None:
    """Let the validation loss be lowest at `step`."""
    measured = training.validate

    def validate(*arguments: Any) -> Any:
        found = measured(*arguments)
        return found._replace(final_loss=float(abs(arguments[3] - step)))

    patch.setattr(training, "validate", validate)


@pytest.fixture
def root(paused: Path, tmp_path: Path) -> Path:
    """A folder of runs of one's own."""
    shutil.copytree(paused, tmp_path / "runs")
    return tmp_path / "runs"


def told(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> dict[str, Any]:
    """The object that the command ends with; `text` has what it said before."""
    capsys.readouterr()
    assert main(["checkpoint", "a", *words, "--root", str(root), "--json"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    result: dict[str, Any] = json.loads(last)
    return result | {"text": "\n".join(lines)}


def test_it_lists_what_is_kept_with_what_was_measured_then(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = told(capsys, root)
    run = Run(root / "a")
    measured = {event["step"]: event for event in run.events() if event["kind"] == "eval"}
    assert [row["step"] for row in result["checkpoints"]] == KEPT
    for row in result["checkpoints"]:
        evaluation = measured.get(row["step"], {})
        assert row["epoch"] == row["step"] // 4
        assert (row["loss"], row["elbo"]) == (evaluation.get("loss"), evaluation.get("elbo"))
        assert row["is_best"] == (row["step"] == BEST)
        assert row["is_newest"] == row["is_in_use"] == (row["step"] == PAUSED_AT)
    assert (result["best"], result["newest"], result["in_use"]) == (BEST, PAUSED_AT, PAUSED_AT)
    assert f"elbo {measured[10]['elbo']:>10,.1f}" in result["text"]
    assert "next checkpoint" not in result["text"]


@pytest.mark.parametrize(("use", "step"), [("best", BEST), ("5", 5), ("10", 10)])
def test_there_and_back_again_is_the_same_bit_for_bit(
    root: Path, use: str, step: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(root / "a")
    newest, kept = run.weights_file.read_bytes(), weights_of_step(run, step).read_bytes()
    result = told(capsys, root, "--use", use)
    assert result["in_use"] == step
    assert run.weights_file.read_bytes() == kept != newest
    assert "its next checkpoint puts the newest weights back into use" in result["text"]
    result = told(capsys, root, "--use", "newest")
    assert result["in_use"] == result["newest"] == PAUSED_AT
    assert run.weights_file.read_bytes() == newest
    assert load_latents(run.latents_file).step == PAUSED_AT


def test_the_newest_of_a_run_from_before_are_not_lost(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose pause left them out of the history."""
    run = Run(root / "a")
    checkpoints.remove(weights_of_step(run, PAUSED_AT))
    newest = load_file(run.weights_file)
    assert told(capsys, root)["newest"] == PAUSED_AT
    told(capsys, root, "--use", "best")
    told(capsys, root, "--use", "newest")
    for name, tensor in load_file(run.weights_file).items():
        assert torch.equal(tensor, newest[name]), name


def test_the_latents_are_those_that_training_had_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = {}
    save = training.save_latents

    def save_latents(path: Path, latents: Any) -> None:
        saved[latents.step] = latents
        save(path, latents)

    monkeypatch.setattr(training, "save_latents", save_latents)
    run, _ = train(tmp_path / "a", with_values(CONFIG, {"train.ema": 0.9}))
    told(capsys, tmp_path, "--use", "10")
    found, wanted = load_latents(run.latents_file), saved[10]
    assert found.step == 10
    for name in ("index", "mu", "logvar", "mse"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=1e-4, atol=1e-5
        )


def test_training_goes_on_as_if_nothing_had_been(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(root, tmp_path / "other")
    told(capsys, root, "--use", "best")
    train(root / "a", LONGER)
    train(tmp_path / "other" / "a", LONGER)
    run, other = Run(root / "a"), Run(tmp_path / "other" / "a")
    for name, tensor in load_file(run.weights_file).items():
        assert torch.equal(tensor, load_file(other.weights_file)[name]), name
    assert told(capsys, root)["in_use"] == 24


def test_it_is_refused_at_once_while_a_trainer_lives(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(root / "a")
    monkeypatch.delattr(weights_in_use, "encode_images")
    before = run.weights_file.read_bytes()
    with run.lock():
        line = refuse(capsys, root, "checkpoint", "a", "--use", "best")
        assert line == "Run a is training: pause it before you choose a checkpoint."
        assert told(capsys, root)["in_use"] == PAUSED_AT  # looking is free
    assert run.weights_file.read_bytes() == before


def test_a_trainer_that_began_meanwhile_is_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, lock = Run(root / "a"), Run(root / "a").lock()
    encode = weights_in_use.encode_images

    def encode_images(*arguments: Any) -> Any:
        lock.acquire()
        return encode(*arguments)

    monkeypatch.setattr(weights_in_use, "encode_images", encode_images)
    before = run.weights_file.read_bytes(), run.latents_file.read_bytes()
    try:
        line = refuse(capsys, root, "checkpoint", "a", "--use", "best")
    finally:
        lock.release()
    assert "is training" in line
    assert (run.weights_file.read_bytes(), run.latents_file.read_bytes()) == before


@pytest.mark.parametrize("broken", ["model.safetensors", "latents.npz"])
def test_a_disk_that_is_full_loses_nothing(
    root: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(root / "a")
    before = {file: file.read_bytes() for file in (run.weights_file, run.latents_file)}
    replace = weights_in_use.atomic_file.__globals__["os"].fsync

    def full(descriptor: int) -> None:
        if broken in Path(f"/proc/self/fd/{descriptor}").readlink().name:
            raise OSError(28, "No space left on device")
        replace(descriptor)

    monkeypatch.setattr("os.fsync", full)
    dataset = vae.dataset(run.folder)
    with pytest.raises(FileError, match="The disk is full"):
        weights_in_use.put_into_use(run, "best", dataset)
    monkeypatch.undo()
    for file, data in before.items():
        assert file.read_bytes() == data
    assert not list(run.folder.glob(".*.tmp"))


def test_what_is_not_kept_is_refused_with_what_is(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use = ["checkpoint", "a", "--use"]
    assert refuse(capsys, root, *use, "999") == (
        "The weights of step 999 of run a are not kept: there are those of steps 4, 5, 10, 13."
    )
    assert refuse(capsys, root, *use, "oldest") == (
        "A checkpoint is best, newest or a step, not 'oldest'."
    )
    run = Run(root / "a")
    checkpoints.remove(weights_of_step(run, BEST))
    assert "The weights of step 4 of run a are not kept" in refuse(capsys, root, *use, "best")
    events = [event for event in run.events() if event["kind"] != "checkpoint"]
    run.events_file.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert refuse(capsys, root, *use, "best") == (
        "No checkpoint of run a is known as its best: there are the weights of steps 5, 10, 13."
    )


def test_a_run_without_weights_and_one_without_history_say_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(root / "a")
    shutil.rmtree(run.checkpoints)
    assert [row["step"] for row in told(capsys, root)["checkpoints"]] == [PAUSED_AT]
    assert refuse(capsys, root, "checkpoint", "a", "--use", "8") == (
        "The weights of step 8 of run a are not kept: there are those of step 13."
    )
    run.weights_file.write_bytes(b"nonsense, and long enough")
    assert "damaged, and no other" in refuse(capsys, root, "checkpoint", "a")
    run.weights_file.unlink()
    assert refuse(capsys, root, "checkpoint", "a") == "Run a has no weights yet: train it first."


def test_damaged_weights_are_refused_and_the_newest_mend_those_in_use(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(root / "a")
    newest, file = run.weights_file.read_bytes(), weights_of_step(run, BEST)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    line = refuse(capsys, root, "checkpoint", "a", "--use", "best")
    assert "weights-00000004.safetensors does not agree with its checksum" in line
    assert run.weights_file.read_bytes() == newest
    run.weights_file.write_bytes(newest[:99])
    result = told(capsys, root)
    assert result["in_use"] is None
    assert "is damaged. Choose one with --use." in result["text"]
    told(capsys, root, "--use", "newest")
    assert run.weights_file.read_bytes() == newest


def test_a_notebook_reads_any_of_them_and_swaps_none(root: Path) -> None:
    folder = root / "a"
    before = Run(folder).weights_file.read_bytes()
    assert [vae.load(folder, which)[1].step for which in (None, "best", "newest", 10)] == [
        *(PAUSED_AT, BEST, PAUSED_AT, 10)
    ]
    model, _ = vae.load(folder, 10)
    wanted = load_file(weights_of_step(Run(folder), 10))
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, wanted[name]), name
    with pytest.raises(InputError, match="steps 4, 5, 10, 13"):
        vae.load(folder, 7)
    assert Run(folder).weights_file.read_bytes() == before


def test_every_command_uses_them(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(root / "a")
    told(capsys, root, "--use", "5")
    quick = ("--frechet_num=0", "--bound_num=5")
    assert call(capsys, root, "evaluate", "a", *quick)["step"] == 5
    kl = {e["step"]: numbered(e, "kl") for e in run.events() if e["kind"] == "eval"}
    orders = {step: np.argsort(values)[::-1].tolist() for step, values in kl.items()}
    assert orders[5] != orders[12]
    found = call(capsys, root, "traverse", "a", "--out", str(tmp_path / "a.png"))
    assert found["dimensions"] == orders[5]


def test_the_best_is_kept_until_another_is_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step 4 was the best first; 8 still is, though 10 is of its half octave."""
    _best_at(monkeypatch, 8)
    run, _ = train(tmp_path / "a", LONGER)
    assert steps_in_history(run) == [5, 8, 10, 15, 20, 24]
    best = [kept.step for kept in kept_checkpoints(run, run.events()) if kept.is_best]
    assert best == [8]


def test_a_run_that_stops_before_its_first_evaluation_has_no_best(tmp_path: Path) -> None:
    run, _ = train(tmp_path / "a", CONFIG, pause_at=0)
    assert last_event(run.events(), "checkpoint")["is_best"] is False
    assert [kept.is_best for kept in kept_checkpoints(run, run.events())] == [False]


def test_weights_of_steps_that_are_taken_again_are_not_the_newest(tmp_path: Path) -> None:
    """The state of step 8 is lost, and the run is paused between the state before and it."""
    run, _ = train(tmp_path / "a", CONFIG, pause_at=8)
    checkpoints.remove(checkpoints.state_file(run, 8))
    train(tmp_path / "a", CONFIG, pause_at=6)
    assert [kept.step for kept in kept_checkpoints(run, run.events())] == [5, 6]
