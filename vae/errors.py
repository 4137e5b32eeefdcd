"""What can go wrong that a person is told in one sentence."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input from a person: one sentence saying what was expected, what came, what to do."""
