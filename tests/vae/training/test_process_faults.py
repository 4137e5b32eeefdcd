"""What goes wrong in one of several processes alone: the others follow, or all end with why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.vae.training.launching import TINY, launch, output_of, weights
from vae.runs.events import last_event
from vae.runs.folder import Run

pytestmark = pytest.mark.slow

# Of the faults the last process alone knows.
TRAININGS = """
import hashlib, json, sys
from pathlib import Path

import torch

from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.errors import ExplainedError
from vae.runs import torchrun
from vae.runs.folder import Run
from vae.training.join_processes import joined
from vae.training.state import prepare
from vae.training.trainer import Trainer

root, options = Path(sys.argv[1]), json.loads(sys.argv[2])
values = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}


def poison(trainer):
    noise, nan = trainer._noise, float("nan")
    trainer._noise = lambda num: noise(num) * (nan if trainer.step == 2 else 1)
    weight = next(trainer.model.parameters())
    weight.register_hook(lambda grad: grad * nan if trainer.step == 5 else grad)


def shorten(trainer):
    each = trainer.model.each

    def too_much(x, eps):
        if len(x) > 4 and trainer.processes.num > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return each(x, eps)

    trainer.model.each = too_much


def diverge(trainer):
    weight = next(trainer.model.parameters())
    weight.register_hook(lambda grad: grad * float("nan"))


def run_out(trainer):
    def full(grad):
        if trainer.step == 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    next(trainer.model.parameters()).register_hook(full)


def train(processes, break_it, epochs):
    name = break_it.__name__
    config = with_values(Config(), values | {"train.epochs": epochs})
    dataset = open_dataset(config.data, root / ".data")
    if processes.is_first:
        prepare(Run(root / name), config, dataset)
    trainer = Trainer(Run(root / name), config, dataset, processes)
    if processes.place.rank == processes.num - 1:
        break_it(trainer)
    try:
        trainer.train(lambda: "", lambda *_: None)
    finally:
        numbers = torch.cat([p.detach().flatten() for p in trainer.model.parameters()])
        told = hashlib.sha256(numbers.numpy().tobytes()).hexdigest()
        (root / f"{name}-{processes.place.rank}").write_text(told)


with joined(torchrun.place()) as processes:
    processes.told({})
    train(processes, poison, 2)
    train(processes, shorten, 2)
    try:
        train(processes, diverge, 6)
    except ExplainedError:
        pass
    if processes.num > 1:
        train(processes, run_out, 2)
"""
SKIPPED = "A step was skipped: its gradient was not finite."


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, str]]:
    """The root of these trainings by one and by two processes, and what they said."""
    script = tmp_path_factory.mktemp("script") / "trainings.py"
    script.write_text(TRAININGS)
    made = {}
    for num in (1, 2):
        root = tmp_path_factory.mktemp(f"by-{num}")
        text = output_of(launch(num, str(script), str(root), json.dumps(TINY)))
        made[num] = root, text
    return made


def notes(run: Run) -> list[tuple[int, str]]:
    return [(e["step"], e["text"]) for e in run.events() if e["kind"] == "note"]


@pytest.mark.parametrize("name", ["poison", "shorten"])
def test_all_take_the_same_steps(trained: dict[int, tuple[Path, str]], name: str) -> None:
    (alone, _), (together, text) = trained[1], trained[2]
    ours, theirs = (weights(Run(root / name)) for root in (together, alone))
    for key, value in theirs.items():
        torch.testing.assert_close(ours[key], value, rtol=2e-3, atol=2e-3, msg=text)
    digests = {(together / f"{name}-{rank}").read_text() for rank in (0, 1)}
    assert len(digests) == 1
    events = Run(together / name).events()
    assert last_event(events, "end")["status"] == "finished"
    assert last_event(events, "end")["step"] == 8


def test_a_gradient_that_is_not_finite_in_one_is_skipped_by_all_and_said_once(
    trained: dict[int, tuple[Path, str]],
) -> None:
    for root, _ in trained.values():
        assert notes(Run(root / "poison")) == [(3, SKIPPED), (6, SKIPPED)]


def test_where_one_diverges_the_run_fails_with_a_sentence(
    trained: dict[int, tuple[Path, str]],
) -> None:
    for root, text in trained.values():
        end = last_event(Run(root / "diverge").events(), "end")
        assert (end["status"], end["step"]) == ("failed", 20)
        assert end["reason"].startswith("Training diverged: 20 steps in a row"), text


def test_where_one_has_not_enough_memory_all_end_with_the_same_sentence(
    trained: dict[int, tuple[Path, str]],
) -> None:
    root, text = trained[2]
    sentence = "A batch of 16 does not fit into the memory of 2 processes: choose a smaller"
    assert last_event(Run(root / "run_out").events(), "end")["reason"].startswith(sentence), text
    assert "SIGABRT" not in text
