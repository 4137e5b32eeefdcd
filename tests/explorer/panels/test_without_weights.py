"""A panel says what is missing, where there is no run or none with weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.explorer.pages import (
    page,
    text_of,
)


@pytest.mark.parametrize("panel", ["Sliders", "Interpolate", "Map"])
def test_without_a_run_a_panel_says_how_to_get_one(
    panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    assert "Start training" in text_of(page(panel))


@pytest.mark.parametrize("panel", ["Sliders", "Interpolate", "Map"])
def test_a_run_without_weights_says_what_brings_them(panel: str, root: Path) -> None:
    (root / "tiny" / "model.safetensors").unlink()
    assert "has no weights yet" in text_of(page(panel))


@pytest.mark.parametrize("panel", ["Sliders", "Interpolate", "Map"])
def test_weights_that_cannot_be_used_are_a_sentence(panel: str, root: Path) -> None:
    (root / "tiny" / "model.safetensors").write_bytes(b"no weights")
    assert "cannot be used" in text_of(page(panel))
