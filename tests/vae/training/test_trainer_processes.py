"""Trainers in processes of their own: one at a time, paused by a signal, living on alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vae.errors import InputError
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.give_way import NICE, VARIABLE, give_way
from vae.runs.processes import start_inquiry, start_training

ROOT = Path(__file__).parents[3]

TINY_FLAGS = [
    "--data.num_images=60",
    "--data.image_size=32",
    "--model.channels=4,8,8,8,8",
    "--model.latent_dim=6",
    "--train.batch_size=16",
]


def spawn(root: Path, *flags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "vae", "train", "a", "--root", str(root), *TINY_FLAGS, *flags]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )


def wait_until(claim: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_two_starts_give_one_trainer(tmp_path: Path) -> None:
    both = [spawn(tmp_path, "--train.epochs=400") for _ in range(2)]
    wait_until(lambda: any(process.poll() is not None for process in both))
    loser = next(process for process in both if process.poll() is not None)
    winner = next(process for process in both if process is not loser)
    assert loser.communicate()[1].decode().count("\n") == 1
    assert loser.returncode == 2
    run = Run(tmp_path / "a")
    wait_until(lambda: bool(last_event(run.events(), "step")))
    assert run.status() == "running"
    run.request("stop")
    assert winner.wait(30) == 0
    winner.communicate()
    assert run.status() == "stopped"
    assert [event["kind"] for event in run.events()].count("start") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_pauses_at_the_step(tmp_path: Path, number: int) -> None:
    process = spawn(tmp_path, "--train.epochs=400", "--json")
    run = Run(tmp_path / "a")
    wait_until(lambda: bool(last_event(run.events(), "step")))
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert run.status() == "paused"
    result = json.loads(output.decode().splitlines()[-1])
    assert result["status"] == "paused"
    assert result["step"] == last_event(run.events(), "checkpoint")["step"]


def test_a_background_trainer_outlives_the_one_who_started_it(tmp_path: Path) -> None:
    options = {flag[2:].split("=")[0]: flag.split("=")[1] for flag in TINY_FLAGS}
    options["train.epochs"] = "400"
    code = (
        "import os; from pathlib import Path; from vae.runs.processes import start_training;"
        "from vae.runs.folder import Run;"
        f"start_training(Run(Path({str(tmp_path / 'a')!r})), {options!r}); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    run = Run(tmp_path / "a")
    wait_until(lambda: bool(last_event(run.events(), "step")))
    assert run.status() == "running"
    run.request("pause")
    wait_until(lambda: run.status() == "paused")


def test_starting_in_the_background_says_why_it_cannot(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    run = Run(tmp_path / "a")
    with pytest.raises(InputError, match="nowhere"):
        start_training(run, {"data.source": missing})
    assert not run.folder.exists()


def test_a_background_run_that_cannot_read_its_data_fails_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    run = Run(tmp_path / "a")
    start_training(run, {"data.source": str(tmp_path / "images")})
    wait_until(lambda: run.status() == "failed")
    assert "images" in last_event(run.events(), "end")["reason"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_ended_while_it_imports_leaves_nothing_half(
    number: signal.Signals, tmp_path: Path
) -> None:
    np.save(tmp_path / "many.npy", np.zeros((300_000, 16, 16), np.uint8))
    flags = ["--data", str(tmp_path / "many.npy"), "--data.num_images=300000"]
    process = spawn(tmp_path, *flags)
    assert process.stderr is not None
    assert b"images 0/300000" in process.stderr.readline()
    process.send_signal(number)
    error = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert error.splitlines()[-1] == "Stopped; nothing half is left behind."
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("chosen", "wanted"), [(None, "0"), ("ACTIVE", "[1-9][0-9]*")])
def test_threads_of_what_the_page_starts_sleep_at_once(
    trained_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chosen: str | None,
    wanted: str,
) -> None:
    """Unless the environment has it otherwise."""
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    if chosen is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", chosen)
    monkeypatch.setenv("OMP_DISPLAY_ENV", "VERBOSE")
    log = tmp_path / "log"
    words = ["sample", "tiny", "--num", "1", "--out", str(tmp_path / "faces.png")]
    assert start_inquiry(trained_root, words, log).wait(120) == 0
    told = log.read_text("utf-8")
    if "GOMP_SPINCOUNT" not in told:
        pytest.skip("torch's threads are not those of GNU's OpenMP")
    assert re.search(rf"GOMP_SPINCOUNT\s*=\s*'{wanted}'", told)


def test_what_the_page_starts_gives_way_to_the_page(trained_root: Path, tmp_path: Path) -> None:
    """Also where Linux shares the processor between sessions and not between processes."""
    words = ["sample", "tiny", "--num", "1", "--out", str(tmp_path / "faces.png")]
    process = start_inquiry(trained_root, words, tmp_path / "log")
    nice = max(NICE, os.getpriority(os.PRIO_PROCESS, 0))
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, process.pid) == nice)
    group = Path(f"/proc/{process.pid}/autogroup")
    if group.exists():
        wait_until(lambda: group.read_text("utf-8").endswith(f"nice {nice}\n"), 3.0)
    assert process.wait(120) == 0


def test_what_a_person_starts_does_not_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[int] = []
    monkeypatch.setattr(os, "setpriority", lambda *about: changed.append(about[2]))
    monkeypatch.setattr(Path, "write_text", lambda *_: None)
    give_way()
    assert not changed
    monkeypatch.setenv(VARIABLE, "yes")
    give_way()
    assert changed == [max(NICE, os.getpriority(os.PRIO_PROCESS, 0))]


def test_a_session_that_may_not_be_changed_yet_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    def write(_path: Path, text: str) -> None:
        tried.append(text)
        if len(tried) < 3:
            raise BlockingIOError

    monkeypatch.setenv(VARIABLE, "yes")
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.setattr(Path, "write_text", write)
    give_way()
    assert len(tried) == 3
