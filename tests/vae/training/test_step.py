"""A step of training: the same however its batch is taken, and what it says when it cannot be."""

from __future__ import annotations

import copy
import ctypes
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.vae.training.test_trainer import TINY
from vae.config import with_values
from vae.data.dataset import open_dataset
from vae.errors import InputError
from vae.runs.folder import Run
from vae.training import recorded, step
from vae.training.batches import noise_of
from vae.training.state import prepare
from vae.training.step import Step
from vae.training.trainer import Trainer

BATCH = 16


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Trainer]]:
    """A trainer that has not begun, with options by name."""
    made: list[Trainer] = []

    def make(**options: Any) -> Trainer:
        run = Run(tmp_path / "a")
        shutil.rmtree(run.folder, ignore_errors=True)
        values = {f"{'model' if k in MODEL else 'train'}.{k}": v for k, v in options.items()}
        config = with_values(TINY, values)
        dataset = open_dataset(config.data, tmp_path / ".data")
        made.append(Trainer(run, prepare(run, config, dataset), dataset))
        return made[-1]

    yield make
    for trainer in made:
        trainer.writer.close()


MODEL = ("name", "likelihood", "sigma")


def step_of(trainer: Trainer) -> Step:
    return Step(trainer.state, trainer.objective, "float32", BATCH)


def steps(trainer: Trainer, num: int, take: Step | None = None, batch: int = BATCH) -> Tensor:
    """What `num` steps measured. [num, M]"""
    trainer.model.train()
    take = take or step_of(trainer)
    means = []
    for number in range(num):
        images = torch.from_numpy(trainer.dataset.take(trainer.dataset.train[:batch]))
        eps = noise_of(trainer.objective, number, batch, trainer.model.latent_dim)
        of_loss = trainer.objective.weights(number)
        measured, is_bad = take(images, eps, 1e-3, of_loss)
        assert is_bad == 0
        means.append(measured)
    return torch.stack(means)


OBJECTIVES: list[dict[str, Any]] = [
    {},
    {"likelihood": "laplace"},
    {"likelihood": "gaussian_bands"},
    {"likelihood": "gaussian_per_pixel"},
    {"likelihood": "bernoulli"},
    {"likelihood": "gaussian", "sigma": 0.1},
    {"objective": "beta_tc", "beta": 4.0},
    {"objective": "importance_weighted", "num_samples": 3, "warmup_steps": 0},
    {"objective": "autoencoder", "warmup_steps": 0},
    {"free_bits": 0.5},
    {"capacity": 3.0},
    {"estimator": "sampled"},
]


@pytest.mark.parametrize("options", OBJECTIVES, ids=str)
def test_a_batch_in_parts_is_the_batch(make: Callable[..., Trainer], options: Any) -> None:
    """Also of objectives and likelihoods that tie the images of a batch together."""
    whole = make(**options)
    parted = copy.deepcopy(whole.state)
    wanted = steps(whole, 3)
    take = Step(parted, whole.objective, "float32", BATCH)
    take._part = 5
    whole.state, whole.model = parted, parted.model
    torch.testing.assert_close(steps(whole, 3, take), wanted, rtol=2e-5, atol=1e-5)


def test_a_step_is_what_autograd_makes_of_the_loss(make: Callable[..., Trainer]) -> None:
    trainer = make(optimizer="adam")
    other = copy.deepcopy(trainer.model)
    images = torch.from_numpy(trainer.dataset.take(trainer.dataset.train[:BATCH]))
    steps(trainer, 1)
    x = images.permute(0, 3, 1, 2).float() / 255
    eps = noise_of(trainer.objective, 0, BATCH, other.latent_dim)
    terms = other.train()(x, eps)  # warmup: beta is 0 at the first step
    terms.nll.mean().backward()
    torch.optim.Adam(other.parameters(), 1e-3).step()
    for ours, plain in zip(trainer.model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=2e-6)


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device into whose memory five images fit."""

    def each(take: Step, x: Tensor, eps: Tensor) -> Any:
        if len(x) > 5:
            raise torch.OutOfMemoryError("out of memory")
        return take._state.model.each(x, eps)

    monkeypatch.setattr(Step, "_each", each)


def test_a_batch_that_does_not_fit_is_taken_in_parts(
    make: Callable[..., Trainer], small_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make(name="conv")  # keeps running means
    take = step_of(trainer)
    losses = steps(trainer, 2, take)
    assert take._part == 4
    assert ["parts of 8" in take.told[0], "parts of 4" in take.told[1]] == [True, True]
    assert torch.isfinite(losses).all()


def test_training_says_that_a_batch_is_taken_in_parts(
    make: Callable[..., Trainer], small_memory: None
) -> None:
    trainer = make(epochs=1)
    assert trainer.train(lambda: "", lambda *_: None) == "finished"
    notes = [event["text"] for event in trainer.run.events() if event["kind"] == "note"]
    assert any("does not fit into the memory of cpu" in text for text in notes)


def test_not_even_one_image_fits(
    make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def each(take: Step, x: Tensor, eps: Tensor) -> Any:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(Step, "_each", each)
    with pytest.raises(InputError, match=r"Not even one image fits.*data\.image_size"):
        steps(make(), 1)


def test_another_error_is_not_taken_for_memory(
    make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def each(take: Step, x: Tensor, eps: Tensor) -> Any:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Step, "_each", each)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        steps(make(), 1)


class TestRecorded:
    """The graph of a GPU, with a stand-in that runs the step again where a GPU would replay it."""

    @pytest.fixture(autouse=True)
    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.num_replays = 0

        def record(again: Callable[[], tuple[Tensor, Tensor]]) -> Any:
            result = tuple(torch.zeros_like(tensor) for tensor in again())

            def replay() -> None:
                self.num_replays += 1
                for ours, made in zip(result, again(), strict=True):
                    ours.copy_(made)

            return replay, result

        monkeypatch.setattr(recorded, "record", record)
        monkeypatch.setattr(step, "can_record", lambda device: True)

    @pytest.mark.parametrize("options", [*OBJECTIVES, {"name": "conv"}, {"name": "mlp"}], ids=str)
    def test_it_is_the_same_training(
        self, make: Callable[..., Trainer], options: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replayed = steps(make(**options), 8)
        assert self.num_replays == 1 + 8 - step.WARM_STEPS  # one of them to try it
        monkeypatch.setattr(step, "can_record", lambda device: False)
        assert torch.equal(replayed, steps(make(**options), 8))

    def test_a_smaller_batch_is_taken_as_it_is(self, make: Callable[..., Trainer]) -> None:
        trainer = make()
        take = step_of(trainer)
        steps(trainer, 5, take)
        before = self.num_replays
        steps(trainer, 1, take, batch=7)
        assert self.num_replays == before

    def test_one_that_does_something_else_is_not_used(
        self, make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = steps(make(), 8)
        honest = recorded.record
        trainer = make()
        take = step_of(trainer)

        def wrong(again: Callable[[], tuple[Tensor, Tensor]]) -> Any:
            replay, result = honest(again)

            def shifted() -> None:
                replay()
                with torch.no_grad():
                    next(trainer.model.parameters()).add_(1.0)

            return shifted, result

        monkeypatch.setattr(recorded, "record", wrong)
        assert torch.equal(steps(trainer, 8, take), wanted)
        assert take.told == [
            "Steps are not recorded as one graph on this GPU: it came to other weights."
        ]

    def test_one_that_cannot_be_recorded_is_not_used(
        self, make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = steps(make(), 8)

        def broken(again: object) -> Any:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

        monkeypatch.setattr(recorded, "record", broken)
        trainer = make()
        take = step_of(trainer)
        assert torch.equal(steps(trainer, 8, take), wanted)
        assert take.told == [
            "Steps are not recorded as one graph on this GPU: operation not permitted when stream "
            "is capturing."
        ]


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiled_networks_train_alike(make: Callable[..., Trainer]) -> None:
    wanted = steps(make(name="mlp"), 3)
    trainer = make(name="mlp")
    take = Step(trainer.state, trainer.objective, "float32", BATCH, is_compiled=True)
    torch.testing.assert_close(steps(trainer, 3, take), wanted, rtol=1e-4, atol=1e-3)
    assert take.told == []


def test_without_a_compiler_training_goes_on(
    make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nmore")

    wanted = steps(make(), 3)
    monkeypatch.setattr(torch, "compile", lambda function, **_: broken)
    trainer = make()
    take = Step(trainer.state, trainer.objective, "float32", BATCH, is_compiled=True)
    assert torch.equal(steps(trainer, 3, take), wanted)
    assert take.told == [
        "The networks could not be compiled: InvalidCxxCompiler: No working C++ compiler found."
    ]


def test_bfloat16_trains_about_alike(make: Callable[..., Trainer]) -> None:
    wanted = steps(make(), 10)
    trainer = make()
    take = Step(trainer.state, trainer.objective, "bfloat16", BATCH)
    losses = steps(trainer, 10, take)
    torch.testing.assert_close(losses[:, 0], wanted[:, 0], rtol=0.02, atol=5.0)
    assert not torch.equal(losses, wanted)
    assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}


FAULTS = """
import resource, sys, torch
from vae.training.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
def work():
    torch.ones(20_000_000)  # 80 MB
for _ in range(10):  # the heap takes its shape
    work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="is of Linux")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs the GNU C library")
def test_memory_that_was_freed_is_used_again() -> None:
    """Without asking the system for it, page by page, anew."""
    faults = {}
    for how in ("plain", "kept"):
        command = [sys.executable, "-c", FAULTS, how]
        faults[how] = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert faults["kept"] < faults["plain"] / 4
    assert faults["plain"] > 20 * 80_000_000 / resource.getpagesize() / 2
