"""Drawn anime faces with known factors: a pure function of (seed, index)."""
