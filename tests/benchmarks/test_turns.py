"""Loops that take turns: which of them comes first to an elbo."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import turns


class Steady:
    """A loop whose elbo rises by so much a second."""

    def __init__(self, name: str, slope: float, turns_until_broken: int = 100) -> None:
        self.name, self.slope, self.left = name, slope, turns_until_broken
        self.elbos: list[tuple[float, float]] = []
        self.speeds: list[float] = []
        self.seconds = 0.0

    def go(self, seconds: float, is_measured: bool = False) -> float:
        if not self.left:
            raise RuntimeError("no memory")
        self.left -= 1
        self.seconds += seconds
        if is_measured:
            self.elbos.append((self.seconds, self.slope * self.seconds))
        return 1.0


def test_the_seconds_until_an_elbo_are_read_between_two_turns() -> None:
    loops: Any = [Steady("quick", 10), Steady("slow", 4), Steady("lame", 1), Steady("lost", 1, 2)]
    came, failed = turns.race_to(loops, elbo=50, rounds=8, seconds=3)
    assert came == pytest.approx({"quick": 5, "slow": 12.5})
    assert failed == {"lost": "no memory"}
    assert [len(loop.speeds) for loop in loops] == [2, 5, 8, 2]
