"""How several processes that train one model begin and end: a clear state, none left over."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from tests.vae.training.launching import TINY, launch, output_of, start, wait_until, weights
from vae.errors import InputError
from vae.runs import torchrun
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.processes import start_training

pytestmark = pytest.mark.slow

FLAGS = [
    f"--{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
    for name, value in (TINY | {"data.num_images": 200, "train.checkpoint_every": 10}).items()
]


def train(root: Path, *flags: str, num: int = 2) -> subprocess.Popen[bytes]:
    # Else torchrun takes --log for a short form of options of its own.
    module = ["-m", "--", "vae"] if num > 1 else ["-m", "vae"]
    return launch(num, *module, "train", "a", "--root", str(root), *FLAGS, *flags)


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


def ended(process: subprocess.Popen[bytes], end: Callable[[list[int]], object]) -> str:
    """What it says once `end` was done to its processes, by rank, of which none is left."""
    ranks = workers(process)
    end(ranks)
    text = output_of(process, 40)
    assert are_gone(ranks)
    return text


def sentence(run: Run) -> str:
    return str(last_event(run.events(), "end").get("reason", ""))


EPOCHS = "--train.epochs=15"  # 180 steps
LOG = ["--log=tensorboard"] if find_spec("tensorboard") else []


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

    def test_the_end_of_another_process_fails_the_run(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        run = Run(stopped / "a")
        ended(living, lambda ranks: os.kill(ranks[1], signal.SIGKILL))
        assert living.returncode != 0
        assert run.status() == "failed"
        assert "One of the 2 processes of this training was lost" in sentence(run)
        assert "the same command again" in sentence(run)

    def test_the_end_of_the_first_process_interrupts_it(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        ended(living, lambda ranks: os.kill(ranks[0], signal.SIGKILL))
        assert living.returncode != 0
        assert Run(stopped / "a").status() == "interrupted"

    def test_the_end_of_torchrun_pauses_all(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        run = Run(stopped / "a")
        ranks = workers(living)
        living.kill()
        wait_until(lambda: are_gone(ranks), 30)
        assert run.status() == "paused"

    def test_a_signal_pauses_all(self, stopped: Path, living: subprocess.Popen[bytes]) -> None:
        ended(living, lambda ranks: living.terminate())
        assert Run(stopped / "a").status() == "paused"

    def test_ctrl_c_pauses_all_with_one_sentence(
        self, stopped: Path, living: subprocess.Popen[bytes]
    ) -> None:
        run = Run(stopped / "a")
        text = ended(living, lambda ranks: os.killpg(living.pid, signal.SIGINT))
        assert run.status() == "paused"
        step = last_event(run.events(), "end")["step"]
        assert text.count(f"Paused at step {step}; the same command again goes on.") == 1
        assert text.count("Traceback") <= 1  # torchrun has one of its own

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

    def test_one_process_goes_on_with_a_note_until_two_take_over(self, stopped: Path) -> None:
        run = Run(stopped / "a")
        alone = train(stopped, "--train.epochs=5000", num=1)
        wait_until(lambda: is_past(run, 190))
        notes = [event["text"] for event in run.events() if event["kind"] == "note"]
        assert any("after cpu with 2 processes of 1 threads" in text for text in notes)
        both = train(stopped, "--train.epochs=5000", "--take_over", *LOG)
        assert "Paused at step" in output_of(alone)
        wait_until(lambda: run.status() == "running" or both.poll() is not None)
        run.request("stop")
        text = output_of(both)
        assert (both.returncode, run.status()) == (0, "stopped"), text
        assert last_event(run.events(), "start")["num_processes"] == 2
        if LOG:  # the first alone writes
            assert len([*(run.folder / "tensorboard").iterdir()]) == 1


# ---------------------------------------------------------------------------- wrong use


def side_by_side(*words: list[str], **place: str) -> list[subprocess.Popen[bytes]]:
    """One process for each list of words, with what torchrun would tell it of its place."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    place |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(len(words))}
    ranks = [{"LOCAL_RANK": str(n), "RANK": str(n)} | place for n in range(len(words))]
    return [start(*one, **where) for one, where in zip(words, ranks, strict=True)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "a", "--data=/nowhere/at/all"], "/nowhere/at/all"),
        (["train", "a", "--train.epochs=many"], "train.epochs"),
        (["runs"], "torchrun is for the command train"),
    ],
)
def test_wrong_use_is_said_once(tmp_path: Path, words: list[str], sentence: str) -> None:
    place = {"LOCAL_WORLD_SIZE": "2"}
    both = side_by_side(*(["-m", "vae", *words, "--root", str(tmp_path)] for _ in "01"), **place)
    text = "".join(output_of(process) for process in both)
    assert [process.returncode for process in both] == [2, 2]
    assert text.count(sentence) == 1
    assert not (tmp_path / "a").exists()


# --------------------------------------------------------------------------- several machines


def test_where_one_machine_refuses_none_waits(tmp_path: Path) -> None:
    words = ["-m", "vae", "train", "a", "--root", str(tmp_path), "--train.batch_size=1"]
    for process in side_by_side(words, words, LOCAL_RANK="0", LOCAL_WORLD_SIZE="1"):
        assert output_of(process).count("less than one image for each of the 2") == 1
        assert process.returncode == 2
    assert not (tmp_path / "a").exists()


def test_a_machine_that_does_not_see_the_run_is_told_so(trained_root: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shutil.copytree(trained_root, shared)
    words = ["-m", "vae", "train", "tiny", "--train.epochs=4", "--root"]
    places = [*words, str(shared)], [*words, str(tmp_path / "other")]
    for process in side_by_side(*places, LOCAL_RANK="0", LOCAL_WORLD_SIZE="1"):
        assert output_of(process).count("must be one that all machines share") == 1
        assert process.returncode == 2
    assert "must be one that all machines share" in sentence(Run(shared / "tiny"))


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
