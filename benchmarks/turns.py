"""Loops that take turns on one machine, each in a process of its own.

A machine that others use is slow at times: short turns, one loop at a time, let that hit all alike.
A loop calls `Turn.step` after each of its steps; between its turns it waits there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch

from vae.model.device import choose_device

COMMANDS, ANSWERS = "TURN_COMMANDS", "TURN_ANSWERS"  # file descriptors


class Turn:
    """The side of the loop, which waits for its first turn from the beginning."""

    def __init__(self) -> None:
        self._commands = os.fdopen(int(os.environ[COMMANDS]), "r")
        self._answers = os.fdopen(int(os.environ[ANSWERS]), "w")
        self._is_cuda = choose_device(None).type == "cuda"
        self._images, self._until, self._began = 0, 0.0, time.perf_counter()
        self._wait()

    def step(self, num_images: int) -> None:
        """Count a step over so many images; returns when the loop may go on."""
        self._images += num_images
        if time.perf_counter() < self._until:
            return
        if self._is_cuda:
            torch.cuda.synchronize()
        self._answer(seconds=time.perf_counter() - self._began, images=self._images)
        self._wait()

    def _wait(self) -> None:
        line = self._commands.readline()
        if not line:  # the race is over
            os._exit(0)
        self._images, self._began = 0, time.perf_counter()
        self._until = self._began + float(line)

    def _answer(self, **fields: float) -> None:
        self._answers.write(json.dumps(fields) + "\n")
        self._answers.flush()


class Loop:
    """The side of the race: a process that runs `python -m MODULE NAME SETTINGS`."""

    def __init__(self, module: str, name: str, settings: dict[str, Any]) -> None:
        self.name = name
        self.speeds: list[float] = []  # images a second, of each turn
        self.warm_up = 0.0  # seconds from the start to the end of the first steps
        (theirs, self._commands), (self._answers, also_theirs) = os.pipe(), os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, name, json.dumps(settings)],
            pass_fds=(theirs, also_theirs),
            env={**os.environ, COMMANDS: str(theirs), ANSWERS: str(also_theirs)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(theirs)
        os.close(also_theirs)
        self._reader = os.fdopen(self._answers, "r")

    def go(self, seconds: float) -> float:
        """Let it run for so long. Returns images a second. Raises RuntimeError where it fails."""
        os.write(self._commands, f"{seconds}\n".encode())
        line = self._reader.readline()
        if not line:
            _, errors = self._process.communicate()
            last = (errors.strip().splitlines() or ["nothing was said"])[-1]
            raise RuntimeError(f"{self.name}: {last}")
        answer = json.loads(line)
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
    there = [loop for loop in loops if loop.name not in failed]
    for number in range(rounds):
        for loop in there if number % 2 else reversed(there):
            loop.speeds.append(loop.go(seconds))
    return failed
