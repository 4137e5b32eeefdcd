"""Loops that take turns on one machine, each in a process of its own.

A machine that others use is slow at times: short turns, one loop at a time, let that hit all alike.
A loop calls `Turn.step` after each of its steps; between its turns it waits there, and says what
its model makes of held-out images where that is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from benchmarks.racing import measured
from vae.data.dataset import Dataset
from vae.model.device import choose_device
from vae.model.networks import VAE

COMMANDS, ANSWERS = "TURN_COMMANDS", "TURN_ANSWERS"  # file descriptors


class Turn:
    """The side of the loop, which waits for its first turn from the beginning."""

    def __init__(self, held_out: Dataset) -> None:
        """`held_out`: whose images for validation say how good the model is."""
        self._commands = os.fdopen(int(os.environ[COMMANDS]), "r")
        self._answers = os.fdopen(int(os.environ[ANSWERS]), "w")
        self._is_cuda = choose_device(None).type == "cuda"
        self.model: VAE | None = None  # of the loop
        self._held_out = held_out
        self._is_measured = False
        self._images, self._until, self._began = 0, 0.0, time.perf_counter()
        self._wait()

    def step(self, num_images: int) -> None:
        """Count a step over so many images; returns when the loop may go on."""
        self._images += num_images
        if time.perf_counter() < self._until:
            return
        if self._is_cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - self._began
        elbo = self._elbo() if self._is_measured else 0.0
        self._answer(seconds=seconds, images=self._images, elbo=elbo)
        self._wait()

    def _wait(self) -> None:
        line = self._commands.readline()
        if not line:  # the race is over
            os._exit(0)
        asked = json.loads(line)
        self._is_measured = asked["is_measured"]
        self._images, self._began = 0, time.perf_counter()
        self._until = self._began + asked["seconds"]

    def _elbo(self) -> float:
        """Of held-out images, nats an image."""
        assert self.model is not None
        was_training = self.model.training
        self.model.eval()
        found = measured(self.model, self._held_out, self._held_out.validation)
        self.model.train(was_training)
        return found.elbo

    def _answer(self, **fields: float) -> None:
        self._answers.write(json.dumps(fields) + "\n")
        self._answers.flush()


class Loop:
    """The side of the race: a process that runs `python -m MODULE NAME SETTINGS`."""

    def __init__(
        self,
        module: str,
        name: str,
        settings: dict[str, Any],
        title: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment`: variables of its process beside those of this one."""
        self.name = title or name
        self.speeds: list[float] = []  # images a second, of each turn
        self.elbos: list[tuple[float, float]] = []  # after so many seconds of its own, where asked
        self.seconds = 0.0  # of all its turns
        self.warm_up = 0.0  # seconds from the start to the end of the first steps
        (theirs, self._commands), (self._answers, also_theirs) = os.pipe(), os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, name, json.dumps(settings)],
            pass_fds=(theirs, also_theirs),
            env={
                **(environment or {}),
                **os.environ,
                COMMANDS: str(theirs),
                ANSWERS: str(also_theirs),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(theirs)
        os.close(also_theirs)
        self._reader = os.fdopen(self._answers, "r")

    def go(self, seconds: float, is_measured: bool = False) -> float:
        """Let it run for so long. Returns images a second. Raises RuntimeError where it fails."""
        command = json.dumps({"seconds": seconds, "is_measured": is_measured})
        os.write(self._commands, f"{command}\n".encode())
        line = self._reader.readline()
        if not line:
            _, errors = self._process.communicate()
            last = (errors.strip().splitlines() or ["nothing was said"])[-1]
            raise RuntimeError(f"{self.name}: {last}")
        answer = json.loads(line)
        self.seconds += answer["seconds"]
        if is_measured:
            self.elbos.append((self.seconds, answer["elbo"]))
        return float(answer["images"] / answer["seconds"])

    def close(self) -> None:
        """End it."""
        os.close(self._commands)
        self._process.kill()
        self._process.wait()
        self._reader.close()
        if self._process.stderr:
            self._process.stderr.close()


def race(loops: Sequence[Loop], warm_up: float, rounds: int, seconds: float) -> dict[str, str]:
    """Fill `speeds` of each loop, turn after turn. Returns why some could not run, by name."""
    failed: dict[str, str] = {}
    for loop in loops:
        began = time.perf_counter()
        try:
            loop.go(warm_up)
        except RuntimeError as error:
            failed[loop.name] = str(error)
        loop.warm_up = time.perf_counter() - began
    for turn in _turns(loops, rounds, failed):
        turn.speeds.append(turn.go(seconds))
    return failed


def race_to(
    loops: Sequence[Loop], elbo: float, rounds: int, seconds: float
) -> tuple[dict[str, float], dict[str, str]]:
    """Seconds of its own, the first steps included, until each loop's model has this elbo.

    By name, those alone that come there within so many turns; and why some could not run.
    """
    came, failed = dict[str, float](), dict[str, str]()
    for turn in _turns(loops, rounds, failed):
        if turn.name in came or turn.name in failed:
            continue
        try:
            turn.speeds.append(turn.go(seconds, is_measured=True))
        except RuntimeError as error:
            failed[turn.name] = str(error)
            continue
        if turn.elbos[-1][1] >= elbo:
            came[turn.name] = _crossing(turn.elbos, elbo)
    return came, failed


def _turns(loops: Sequence[Loop], rounds: int, failed: Mapping[str, str]) -> Iterator[Loop]:
    """Whose turn it is, there and back, so that each follows each."""
    there = [loop for loop in loops if loop.name not in failed]
    for number in range(rounds):
        yield from there if number % 2 else reversed(there)


def _crossing(elbos: Sequence[tuple[float, float]], wanted: float) -> float:
    """When the line through the last two points passes what is wanted. Seconds."""
    (before, low), (after, high) = elbos[-2] if len(elbos) > 1 else elbos[-1], elbos[-1]
    part = (wanted - low) / (high - low) if high > low else 1.0
    return before + part * (after - before)
