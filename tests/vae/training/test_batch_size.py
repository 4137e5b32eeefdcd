"""`train.batch_size auto`: a number that suits the device and the data, chosen once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from tests.vae.training.test_trainer import TINY, train
from vae.commands.parser import main
from vae.config import Config, ModelConfig, get_value, parse_option, with_values
from vae.data.dataset import open_dataset
from vae.errors import InputError
from vae.model.networks import VAE
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.training import batch_size
from vae.training.batch_size import (
    BESIDE_KEPT,
    MEMORY_PART,
    bytes_of_an_image,
    choose_batch_size,
    largest_that_suits,
)

AUTO = with_values(TINY, {"train.batch_size": "auto"})


@pytest.mark.parametrize(
    ("num_train", "size"),
    [(20_000, 32), (256, 32), (255, 16), (60, 8), (20, 8), (8, 8), (5, 5), (1, 1)],
)
def test_on_a_processor_it_is_32_or_what_few_images_allow(num_train: int, size: int) -> None:
    assert largest_that_suits(num_train, "cpu", 10**6, None) == size


def test_on_a_gpu_it_is_halved_until_it_fits() -> None:
    assert largest_that_suits(20_000, "cuda", 10**6, 10**9) == 256
    assert largest_that_suits(20_000, "cuda", 10**6, 255 * 10**6) == 128
    assert largest_that_suits(20_000, "cuda", 10**6, 5) == 1
    assert largest_that_suits(100, "cuda", 10**6, 10**9) == 8


def test_what_an_image_takes_is_what_the_backward_pass_keeps_of_it() -> None:
    """The oracle: one hidden layer, of which all that is kept can be counted by hand."""
    config = ModelConfig(name="mlp", hidden_dim=100, latent_dim=8, likelihood="bernoulli")
    one, two = (bytes_of_an_image(config, (1, 16, 16), num) for num in (1, 2))
    kept = 4 * (256 + 100 + 100 + 256)  # x, both hidden layers, the logits, in float32
    assert kept <= one <= 3 * kept
    assert 1.5 * one < two < 2.5 * one  # the decoder, and what x is compared with, twice


def test_what_an_image_takes_grows_with_its_pixels_and_not_with_the_weights() -> None:
    config = ModelConfig(channels=(4, 8, 8, 8, 8))
    small, large = (bytes_of_an_image(config, (3, s, s), 1) for s in (32, 64))
    assert 3 < large / small < 5
    assert num_bytes(VAE(config, (3, 64, 64))) > 0


def test_on_a_gpu_the_note_tells_what_an_image_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_size, "choose_device", lambda wanted: torch.device("cuda"))
    config = with_values(AUTO, {"data.num_images": 3000})
    dataset = open_dataset(config.data, tmp_path)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**11, 10**11))
    assert choose_batch_size(config, dataset) == (256, "it suits training on cuda")
    each = BESIDE_KEPT * bytes_of_an_image(config.model, (3, 32, 32), 1)
    free = int(70 * each / MEMORY_PART)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**11))
    size, why = choose_batch_size(config, dataset)
    assert size == 64
    assert why == f"at {each / 1e6:.1f} MB an image, what fits into the memory of cuda"


def num_bytes(model: torch.nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters())


def test_the_config_of_a_run_holds_the_number_and_its_log_says_why(tmp_path: Path) -> None:
    run, status = train(tmp_path / "a", AUTO)
    assert status == "finished"
    assert json.loads(run.config_file.read_text())["train"]["batch_size"] == 8
    assert last_event(run.events(), "start")["train.batch_size"] == 8
    [note] = [event["text"] for event in run.events() if event["kind"] == "note"]
    assert note.startswith("train.batch_size auto is 8:")


def test_a_resumed_run_keeps_its_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["train", "a", "--root", str(tmp_path), "--data.num_images=60", "--data.image_size=16"]
    words += ["--model.name=mlp", "--train.batch_size=auto"]
    assert main([*words, "--train.epochs=1"]) == 0
    monkeypatch.setattr(batch_size, "OF_DEVICE", {"cpu": 4, "mps": 4, "cuda": 4})
    assert main([*words, "--train.epochs=2"]) == 0
    assert Run(tmp_path / "a").config().train.batch_size == 8
    starts = [e for e in Run(tmp_path / "a").events() if e["kind"] == "start"]
    assert [start["train.batch_size"] for start in starts] == [8, 8]


def test_auto_is_a_word_of_the_option() -> None:
    assert parse_option("train.batch_size", "auto") == "auto"
    assert get_value(with_values(Config(), {"train.batch_size": "auto"}), "train.batch_size")
    assert parse_option("train.batch_size", "12") == 12
    for say in (
        lambda: parse_option("train.batch_size", "big"),
        lambda: with_values(Config(), {"train.batch_size": "big"}),
    ):
        with pytest.raises(InputError) as caught:
            say()
        told = "train.batch_size must be a whole number or auto, not 'big'."
        assert str(caught.value) == told
