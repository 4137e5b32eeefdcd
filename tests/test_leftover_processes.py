"""What tests start ends with them, however they end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import leftover_processes

ROOT = Path(__file__).parents[1]
BEGIN = """
import subprocess, sys
from pathlib import Path

import pytest

from tests.conftest import TINY
from vae.runs import processes
from vae.runs.folder import Run

OPTIONS = dict(flag[2:].split("=") for flag in TINY) | {"train.epochs": "100000"}
FOLDER = Path(__file__).parent

def train(name):
    processes.start_training(Run(FOLDER / name), OPTIONS)
    (FOLDER / "began").touch()
"""
FAILS = """
@pytest.fixture(scope="module")
def trainer():
    train("of_a_fixture")

def test_it(trainer):
    train("of_a_test")
    assert False
"""
IS_INTERRUPTED = """
def test_it():
    train("of_a_test")
    raise KeyboardInterrupt
"""
IS_TERMINATED = """
import os, signal

def test_it():
    train("of_a_test")
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""
DIES = """
import os

def test_it():
    train("of_a_test")
    os.kill(os.getpid(), 9)
"""


def run_pytest(folder: Path, text: str, *words: str) -> tuple[int, str]:
    """The exit status of pytest on a file of such text, and what it says; all of it waited for."""
    (folder / "test_inner.py").write_text(BEGIN + text)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-q", f"--basetemp={folder / 'temporary'}", *words, folder / "test_inner.py"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "1000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    assert (folder / "began").exists(), done.stdout
    return done.returncode, done.stdout


@pytest.mark.slow
def test_a_trainer_ends_with_the_test_that_fails_and_a_forgetful_fixture_is_told(
    tmp_path: Path,
) -> None:
    with leftover_processes.marking() as mark:
        status, output = run_pytest(tmp_path, FAILS)
    assert status == 1
    assert "were left running" in output
    assert "train of_a_fixture" in output
    assert "train of_a_test" not in output
    assert leftover_processes.end(mark) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        (IS_INTERRUPTED, (), 2),
        (IS_TERMINATED, (), 2),
        (DIES, ("-n", "1", "--max-worker-restart=0"), 1),
    ],
    ids=["interrupted", "terminated", "killed"],
)
def test_a_trainer_ends_with_a_session_that_is(
    tmp_path: Path, text: str, words: tuple[str, ...], wanted: int
) -> None:
    with leftover_processes.marking() as mark:
        status, output = run_pytest(tmp_path, text, *words)
    assert status == wanted, output
    assert leftover_processes.end(mark) == {}
