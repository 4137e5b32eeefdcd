"""Several processes that train one model: what one alone would have made, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vae.errors import InputError
from vae.model.checkpoints import newest_state
from vae.runs import torchrun
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.processes import start_training
from vae.runs.torchrun import command

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow
TINY = {
    "data.num_images": 60,
    "data.image_size": 32,
    "model.channels": [4, 8, 8, 8, 8],
    "model.latent_dim": 6,
    "train.batch_size": 16,
    "train.checkpoint_every": 1000,
}
# Six steps an epoch, the last of two images: of three processes one has none.
UNEVEN = TINY | {"data.num_images": 58, "train.batch_size": 10, "train.epochs": 3}
TRAININGS: dict[str, dict[str, Any]] = {
    "residual": TINY | {"train.epochs": 25, "train.checkpoint_every": 50},  # 100 steps
    "conv": TINY | {"model.name": "conv", "train.epochs": 5},
    "beta_tc": TINY | {"train.objective": "beta_tc", "train.beta": 4.0, "train.epochs": 5},
    "samples": TINY
    | {"train.objective": "importance_weighted", "train.num_samples": 3, "train.epochs": 1},
    "free_bits": TINY | {"model.likelihood": "laplace", "train.free_bits": 0.5, "train.epochs": 1},
    "uneven": UNEVEN,
    "uneven_conv": UNEVEN | {"model.name": "conv"},
}
SEVERAL_TRAININGS = """
import json, sys
from pathlib import Path

from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.runs import torchrun
from vae.runs.folder import Run
from vae.training.join_processes import joined
from vae.training.state import prepare
from vae.training.trainer import Trainer

root, trainings = Path(sys.argv[1]), json.loads(sys.argv[2])
with joined(torchrun.place()) as processes:
    for name, options in trainings.items():
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
        config = with_values(Config(), values)
        dataset = open_dataset(config.data, root / ".data")
        if processes.is_first:
            prepare(Run(root / name), config, dataset)
        trainer = Trainer(Run(root / name), config, dataset, processes)
        trainer.train(lambda: "", lambda *_: None)
"""


def launch(num: int, *words: str) -> subprocess.Popen[bytes]:
    """A program of Python in `num` processes."""
    return subprocess.Popen(
        [sys.executable, *command(num), *words],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def output_of(process: subprocess.Popen[bytes], seconds: float = 120) -> str:
    return process.communicate(timeout=seconds)[0].decode()


def wait_until(claim: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def weights(run: Run) -> dict[str, torch.Tensor]:
    document = newest_state(run)
    assert document is not None
    model: dict[str, torch.Tensor] = document["model"]
    return model


def squares_of_gradients(run: Run) -> float:
    """As Adam has kept them: it hides a wrong factor of the gradients from the weights."""
    document = newest_state(run)
    assert document is not None
    return sum(float(of["exp_avg_sq"].sum()) for of in document["optimizer"]["state"].values())


# ----------------------------------------------------------------------- the same training


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The root of the same trainings by one, two and three processes."""
    script = tmp_path_factory.mktemp("script") / "several_trainings.py"
    script.write_text(SEVERAL_TRAININGS)
    roots = {num: tmp_path_factory.mktemp(f"by-{num}") for num in (1, 2, 3)}
    for num, root in roots.items():
        process = launch(num, str(script), str(root), json.dumps(TRAININGS))
        text = output_of(process)
        assert process.returncode == 0, text
    return roots


def measures(run: Run) -> np.ndarray:
    steps = [event for event in run.events() if event["kind"] == "step"]
    return np.array([[event[name] for name in ("step", "nll", "kl", "loss")] for event in steps])


@pytest.mark.parametrize("num", [2, 3])
@pytest.mark.parametrize("name", TRAININGS)
def test_several_processes_train_as_one(trained: dict[int, Path], name: str, num: int) -> None:
    alone, together = Run(trained[1] / name), Run(trained[num] / name)
    wanted, found = measures(alone), measures(together)
    assert wanted[-1, 0] == {"residual": 100, "conv": 20, "beta_tc": 20}.get(name, wanted[-1, 0])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    of_both = [squares_of_gradients(run) for run in (alone, together)]
    assert of_both[1] == pytest.approx(of_both[0], rel=1e-2)
    ours, theirs = weights(together), weights(alone)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if not (name.endswith("conv") and key.endswith((".bias", "running_mean"))):
            torch.testing.assert_close(ours[key], value, rtol=2e-3, atol=2e-3)
    # A bias before a normalisation has no gradient but rounding, and a mean that goes with it.
    of_both = [last_event(run.events(), "eval")["nll"] for run in (alone, together)]
    assert of_both[1] == pytest.approx(of_both[0], rel=1e-2 if name.endswith("conv") else 1e-4)


def test_the_first_process_alone_writes(trained: dict[int, Path]) -> None:
    for num in (2, 3):
        events = Run(trained[num] / "residual").events()
        keys = [(event["kind"], event.get("step")) for event in events if event["kind"] != "note"]
        assert len(keys) == len(set(keys))
        assert last_event(events, "start")["num_processes"] == num


# -------------------------------------------------------------------- stopping and going on

FLAGS = [
    f"--{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
    for name, value in (TINY | {"train.checkpoint_every": 10}).items()
]


def train(root: Path, *flags: str, num: int = 2) -> subprocess.Popen[bytes]:
    return launch(num, "-m", "vae", "train", "a", "--root", str(root), *FLAGS, *flags)


def is_past(run: Run, step: int) -> bool:
    return last_event(run.events(), "checkpoint").get("step", 0) >= step


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """The ids of torchrun's processes, by rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone, or of somebody else
            continue
        rank = [words for words in environment if words.startswith(b"RANK=")]
        if parent == process.pid and rank:
            found[int(rank[0][5:])] = int(folder.name)
    return [found[rank] for rank in sorted(found)]


def are_gone(processes: list[int]) -> bool:
    return not any(Path(f"/proc/{number}").exists() for number in processes)


def sentence(run: Run) -> str:
    return str(last_event(run.events(), "end").get("reason", ""))


EPOCHS = "--train.epochs=60"  # 240 steps


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a training that the tests below stop in every way, one after the other."""
    return tmp_path_factory.mktemp("stopped")


@pytest.fixture
def living(stopped: Path) -> Iterator[subprocess.Popen[bytes]]:
    """That training, going on, some steps further than it was."""
    run = Run(stopped / "a")
    before = last_event(run.events(), "checkpoint").get("step", 0)
    process = train(stopped, EPOCHS)
    wait_until(lambda: is_past(run, before + 10) or process.poll() is not None)
    assert process.poll() is None, output_of(process)
    yield process
    process.kill()
    process.communicate()


class TestStoppedAndResumed:
    """One training that is stopped in every way, and goes on as if it had never been."""

    def test_a_request_pauses_all(self, stopped: Path, living: subprocess.Popen[bytes]) -> None:
        run = Run(stopped / "a")
        run.request("pause")
        text = output_of(living)
        assert living.returncode == 0, text
        assert run.status() == "paused"

    def test_the_end_of_another_process_fails_the_run(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        run = Run(stopped / "a")
        ranks = workers(living)
        os.kill(ranks[1], signal.SIGKILL)
        output_of(living, 40)
        assert living.returncode != 0
        assert run.status() == "failed"
        assert "One of the 2 processes of this training was lost" in sentence(run)
        assert "the same command again" in sentence(run)
        assert are_gone(ranks)

    def test_the_end_of_the_first_process_interrupts_it(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        run = Run(stopped / "a")
        ranks = workers(living)
        os.kill(ranks[0], signal.SIGKILL)
        output_of(living, 40)
        assert living.returncode != 0
        assert run.status() == "interrupted"
        assert are_gone(ranks)

    def test_the_end_of_torchrun_pauses_all(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        run = Run(stopped / "a")
        ranks = workers(living)
        living.kill()
        wait_until(lambda: are_gone(ranks), 30)
        assert run.status() == "paused"

    def test_a_signal_pauses_all(self, stopped: Path, living: subprocess.Popen[bytes]) -> None:
        run = Run(stopped / "a")
        living.terminate()
        output_of(living, 40)
        assert run.status() == "paused"

    def test_in_the_end_it_is_what_it_would_have_been(self, stopped: Path, tmp_path: Path) -> None:
        assert output_of(train(stopped, EPOCHS))
        text = output_of(train(tmp_path, EPOCHS))
        resumed, whole = Run(stopped / "a"), Run(tmp_path / "a")
        assert (resumed.status(), whole.status()) == ("finished", "finished"), text
        ours, theirs = weights(resumed), weights(whole)
        assert all(torch.equal(ours[name], value) for name, value in theirs.items())
        notes = [event["text"] for event in resumed.events() if event["kind"] == "note"]
        assert not any("last digits" in text for text in notes)
        steps = [event["step"] for event in resumed.events() if event["kind"] == "step"]
        assert steps == sorted(set(steps))

    def test_one_process_goes_on_with_a_note(self, stopped: Path) -> None:
        process = train(stopped, "--train.epochs=61", num=1)
        assert "train" in output_of(process)
        notes = [event["text"] for event in Run(stopped / "a").events() if event["kind"] == "note"]
        assert any("after cpu with 2 processes of 1 threads" in text for text in notes)


# ---------------------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "a", "--train.batch_size=1"], "less than one image for each of the 2"),
        (["train", "a", "--data=/nowhere/at/all"], "/nowhere/at/all"),
        (["train", "a", "--train.epochs=many"], "train.epochs"),
        (["runs"], "torchrun is for the command train"),
    ],
)
def test_wrong_use_is_said_once(tmp_path: Path, words: list[str], sentence: str) -> None:
    process = launch(2, "-m", "vae", *words, "--root", str(tmp_path))
    text = output_of(process)
    assert process.returncode != 0
    assert text.count(sentence) == 1
    assert not (tmp_path / "a").exists()


# ------------------------------------------------------------------------------- from the page


def test_the_page_starts_and_resumes_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With processors in place of GPUs."""
    monkeypatch.setattr(torchrun, "num_gpus", lambda: 2)
    options = dict(flag[2:].split("=") for flag in FLAGS) | {"train.epochs": "5000"}
    run = Run(tmp_path / "a")
    start_training(run, options, num_processes=2)
    wait_until(lambda: is_past(run, 10))
    run.request("pause")
    wait_until(lambda: run.status() == "paused")
    start_training(run, {})
    wait_until(lambda: run.status() == "running")
    assert [e["num_processes"] for e in run.events() if e["kind"] == "start"] == [2, 2]
    run.request("stop")
    wait_until(lambda: run.status() == "stopped")


def test_the_page_is_told_why_several_do_not_start(tmp_path: Path) -> None:
    run = Run(tmp_path / "a")
    with pytest.raises(InputError, match="less than one image for each of the 2 processes"):
        start_training(run, {"train.batch_size": "1"}, num_processes=2)
    assert not run.folder.exists()
