"""The table of layers counts what a network really holds and does."""

from __future__ import annotations

import pytest

from explorer.panels.model.networks import layers, short
from vae.config import ModelConfig
from vae.option_choices import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_of_layers_counts_every_parameter(name: str) -> None:
    from vae.model.networks import VAE, num_parameters

    config, shape = ModelConfig(name=name, latent_dim=7, channels=(4, 8, 8, 8, 8)), (1, 28, 28)
    tables = layers(config, shape)
    counted = sum(row["Parameters"] for rows in tables.values() for row in rows)
    assert counted == num_parameters(VAE(config, shape))
    assert tables["Encoder"][-1]["Output"] == "14"


def rows_of(name: str, shape: tuple[int, int, int], **more: int) -> dict[str, list[tuple]]:
    tables = layers(ModelConfig(name=name, channels=(4, 8, 8, 16, 16), **more), shape)
    return {
        network: [(row["Layer"], row["Multiply-adds"]) for row in rows]
        for network, rows in tables.items()
    }


def test_multiply_adds_are_those_counted_by_hand() -> None:
    """One product for each weight of a window, at each place that the window stands."""
    one = rows_of("mlp", (1, 28, 28), latent_dim=20, hidden_dim=400)
    assert one["Encoder"] == [("Linear, ReLU", 784 * 400), ("Linear", 400 * 40)]
    assert one["Decoder"] == [("Linear, ReLU", 20 * 400), ("Linear", 400 * 784)]
    many = rows_of("residual", (3, 64, 64), latent_dim=10)
    assert many["Encoder"] == [
        ("Pixels to channels", 0),
        ("Conv 3x3, SiLU", 32 * 32 * (12 * 9) * 4),
        ("Conv 4x4 / 2, SiLU", 16 * 16 * (4 * 16) * 8),
        ("Conv 4x4 / 2", 8 * 8 * (8 * 16) * 8),
        ("Residual 3x3, SiLU", 8 * 8 * (8 * 9) * 8),
        ("Conv 4x4 / 2", 4 * 4 * (8 * 16) * 16),
        ("Residual 3x3, SiLU", 4 * 4 * (16 * 9) * 16),
        ("Conv 4x4 / 2", 2 * 2 * (16 * 16) * 16),
        ("Residual 3x3, SiLU", 2 * 2 * (16 * 9) * 16),
        ("Linear", 16 * 4 * 20),
    ]
    up = [
        ("Upconv 4x4 / 2", 2 * 2 * (16 * 16) * 16),
        ("Upconv 4x4 / 2", 4 * 4 * (16 * 16) * 8),
        ("Upconv 4x4 / 2", 8 * 8 * (8 * 16) * 8),
        ("Upconv 4x4 / 2", 16 * 16 * (8 * 16) * 4),
    ]
    assert [row for row in many["Decoder"] if row[0] == "Upconv 4x4 / 2"] == up
    by_z = [row for row in many["Decoder"] if row[0].startswith("Scale and shift by z")]
    assert [number for _, number in by_z] == [10 * 2 * num for num in (16, 8, 8, 4)]
    assert many["Decoder"][-2:] == [
        ("Conv 3x3", 32 * 32 * (4 * 9) * 12),
        ("Channels to pixels", 0),
    ]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (8316, "8.32 k"), (21_200_000, "21.2 M")]
)
def test_counts_are_written_short(number: int, text: str) -> None:
    assert short(number) == text
