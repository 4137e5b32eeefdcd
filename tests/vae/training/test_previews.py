"""When previews are made."""

from __future__ import annotations

from vae.training.previews import preview_is_due


def test_previews_are_dense_early_and_few_in_all() -> None:
    due = [step for step in range(10_000) if preview_is_due(step)]
    assert due[:5] == [0, 1, 2, 3, 4]
    assert len(due) < 130
    assert due[-1] - due[-2] > 100
