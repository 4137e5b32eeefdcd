"""What is told of an image that was chosen on the map."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.degenerate_data import LITTLE, MLP, noise, save
from tests.explorer.pages import page
from vae.commands.parser import main
from vae.latent.encoding import load_latents


def test_a_number_that_is_not_known_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path / "faces", noise(8))
    rows = [f"{index}.png,{'' if index % 2 else index / 8}" for index in range(8)]
    (folder / "labels.csv").write_text("\n".join(["file,rating", *rows]))
    root = tmp_path / "runs"
    words = [f"--data={folder}", *LITTLE, *MLP, "--data.validation_fraction=0.9"]
    assert main(["train", "tiny", *words, "--root", str(root)]) == 0
    monkeypatch.setenv("VAE_ROOT", str(root))
    for index in load_latents(root / "tiny" / "latents.npz").index.tolist():
        text = "unknown" if index % 2 else f"{index / 8:.2f}"
        at = page("Map", mapview={"picked": {"index": index, "number": 1}})
        told = "".join(part.proto.body for part in at.main.get("html"))
        assert f"<span>Rating</span><b>{text}</b>" in told
