"""Axes of attributes against planted ones, and what moving them does in pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.vae.directions.test_directions import ATTRIBUTES, CLASSES, INDEX, MU, NUM, D
from vae.config import ModelConfig
from vae.directions import leakage
from vae.directions.attribute_axes import AttributeAxes, attribute_axes
from vae.directions.axes import axis_of
from vae.directions.definitions import Definition
from vae.latent.measured_effect import measured_effect
from vae.model.networks import VAE


@pytest.fixture(scope="module")
def found() -> dict[str, AttributeAxes]:
    read = leakage.readouts(INDEX, MU, ATTRIBUTES, CLASSES)
    return {one.attribute: one for one in attribute_axes(read, INDEX, MU, ATTRIBUTES, CLASSES)}


def readings(axes: AttributeAxes, z: np.ndarray = MU) -> np.ndarray:
    return z @ axes.reads.T - axes.centre


def test_a_move_is_read_in_full_and_in_no_other_attribute(found: dict[str, AttributeAxes]) -> None:
    legible = [one for one in found.values() if one.is_readable]
    assert {one.attribute for one in legible} == {"glasses", "beard", "age", "hue", "hair"}
    for one in legible:
        np.testing.assert_allclose(one.reads @ one.moves.T, np.eye(len(one.moves)), atol=1e-9)
        for other in legible:
            if other is not one:
                size = np.linalg.norm(readings(other), axis=1).mean()
                assert np.abs(other.reads @ one.moves.T).max() < 0.02 * size


def test_what_goes_along_with_an_attribute_is_left_out(found: dict[str, AttributeAxes]) -> None:
    """Glasses and beard go together in nine of ten images, and lie in dimensions 0 and 7."""
    for name, own, other in (("glasses", 0, 7), ("beard", 7, 0)):
        move = found[name].moves[0] / np.linalg.norm(found[name].moves[0])
        assert abs(move[own]) > 0.99
        assert abs(move[other]) < 0.05
    means = axis_of(
        Definition("x", attribute="glasses", value="round"), {}, INDEX, MU, ATTRIBUTES, CLASSES
    )
    assert abs(means.vector[7]) > 0.5, "which a difference of means does not leave out"


def test_a_quantity_is_read_in_deviations_of_its_images(found: dict[str, AttributeAxes]) -> None:
    told = readings(found["age"])[:, 0]
    assert told.mean() == pytest.approx(0, abs=1e-5)
    assert told.std() == pytest.approx(1, abs=1e-3)
    assert np.corrcoef(told, ATTRIBUTES["age"])[0, 1] > 0.98
    assert found["age"].furthest == pytest.approx(np.percentile(np.abs(told), 99))
    assert found["glasses"].labels == ("round",)
    assert (found["age"].kind, found["glasses"].kind) == ("number", "number")


def test_an_angle_is_that_of_the_image(found: dict[str, AttributeAxes]) -> None:
    circle = found["hue"]
    assert circle.kind == "circle"
    told = readings(circle)
    turns = np.arctan2(told[:, 1], told[:, 0]) / (2 * np.pi)
    apart = np.abs((turns - ATTRIBUTES["hue"] + 0.5) % 1 - 0.5)
    assert np.median(apart) < 0.03
    assert np.linalg.norm(told, axis=1).mean() == pytest.approx(1)


def test_the_nearest_class_is_that_of_the_image(found: dict[str, AttributeAxes]) -> None:
    hair = found["hair"]
    assert (hair.kind, hair.labels) == ("choice", ("short", "long", "buns"))
    known = ATTRIBUTES["hair"] < 3
    told = readings(hair)[known]
    nearest = np.linalg.norm(told[:, None] - hair.values, axis=2).argmin(1)
    assert (nearest == ATTRIBUTES["hair"][known]).mean() > 0.99
    z = MU[:50] + (hair.values[2] - readings(hair)[:50]) @ hair.moves
    assert (z[:, 4:7].argmax(1) == 2).all(), "to move there is to look like it"
    assert np.abs((z - MU[:50])[:, [0, 1, 2, 3, 7]]).max() < 0.1


def test_what_is_not_in_the_codes_is_not_readable(found: dict[str, AttributeAxes]) -> None:
    assert not found["noise"].is_readable
    assert found["noise"].explained < 0.05
    for one in found.values():
        if one.is_readable:
            assert np.abs(one.reads @ found["noise"].moves.T).max() < 1e-3


def test_more_attributes_than_dimensions_stay_finite() -> None:
    rng = np.random.default_rng(1)
    mu = rng.standard_normal((500, 2)).astype(np.float32)
    angles = np.linspace(0, np.pi, 12)
    attributes = {
        f"a{k}": (mu @ [np.cos(a), np.sin(a)] + 0.1 * rng.standard_normal(500)).astype(np.float32)
        for k, a in enumerate(angles)
    }
    index = np.arange(500)
    axes = attribute_axes(leakage.readouts(index, mu, attributes, {}), index, mu, attributes, {})
    assert len(axes) == 12
    for one in axes:
        assert np.isfinite(one.moves).all()
        assert (one.reads @ one.moves.T).item() == pytest.approx(1)
        assert np.corrcoef(readings(one, mu)[:, 0], attributes[one.attribute])[0, 1] > 0.5


def axes_of_classes(num: int, dim: int, spread: float = 0.1) -> tuple[np.ndarray, AttributeAxes]:
    """Which class each of 2,000 points is of, and the axes of these well separated classes."""
    rng = np.random.default_rng(num + dim)
    label = rng.integers(0, num, 2000)
    centres = rng.standard_normal((num, dim))
    if dim == 2:
        angles = 2 * np.pi * np.arange(num) / num
        centres = np.stack([np.cos(angles), np.sin(angles)], 1)
    mu = (centres[label] + spread * rng.standard_normal((2000, dim))).astype(np.float32)
    index, classes = np.arange(2000), {"label": tuple("abcdefghijkl"[:num])}
    read = leakage.readouts(index, mu, {"label": label}, classes)
    (axes,) = attribute_axes(read, index, mu, {"label": label}, classes)
    readings = mu @ axes.reads.T - axes.centre
    moved = mu + (axes.values[label[::-1]] - readings) @ axes.moves
    nearest = np.linalg.norm(moved[:, None] - centres, axis=2).argmin(1)
    assert (nearest == label[::-1]).mean() > 0.97, "to move there is to look like it"
    return label, dataclasses.replace(axes, furthest=float((chosen(axes, mu) == label).mean()))


def chosen(axes: AttributeAxes, mu: np.ndarray) -> np.ndarray:
    """The nearest class to each of the points [N, D], as the page marks it. [N]"""
    readings = mu @ axes.reads.T - axes.centre
    nearest: np.ndarray = np.linalg.norm(readings[:, None] - axes.values, axis=2).argmin(1)
    return nearest


@pytest.mark.parametrize(
    ("num", "dim"), [(10, 2), (10, 4), (10, 6), (10, 8), (4, 2), (5, 4), (3, 8)]
)
def test_more_classes_than_dimensions_are_told_apart(num: int, dim: int) -> None:
    _, axes = axes_of_classes(num, dim, 0.05)
    assert axes.furthest > 0.95, "the marked class is that of the point"
    np.testing.assert_allclose(axes.reads @ axes.moves.T, np.eye(len(axes.moves)), atol=1e-6)
    assert len(axes.moves) <= min(num - 1, dim)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_few_dimensions_and_many_targets_never_break(dim: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mu = rng.standard_normal((60, dim)).astype(np.float32)
    index, attributes = (
        np.arange(60),
        {
            "hue": rng.random(60).astype(np.float32),
            "label": rng.integers(0, 10, 60),
            "age": mu[:, 0] + 0.1,
            "hair": (mu[:, 0] > 0).astype(np.int64) + (mu[:, -1] > 0.5),
        },
    )
    classes = {"label": tuple("abcdefghij"), "hair": ("x", "y", "z")}
    read = leakage.readouts(index, mu, attributes, classes)
    for points in (mu, 0 * mu):
        for one in attribute_axes(read, index, points, attributes, classes):
            for numbers in (one.moves, one.reads, one.values):
                assert np.isfinite(numbers).all()
            np.testing.assert_allclose(one.reads @ one.moves.T, np.eye(len(one.moves)), atol=1e-3)


def test_an_attribute_twice_is_moved_under_both_names() -> None:
    twice = {"age": ATTRIBUTES["age"], "years": ATTRIBUTES["age"]}
    read = leakage.readouts(INDEX, MU, twice, {})
    for one in attribute_axes(read, INDEX, MU, twice, {}):
        assert abs(one.moves[0, 1]) > 0.5
        assert np.isfinite(one.reads).all()


def test_values_that_are_not_known_are_left_out() -> None:
    age = ATTRIBUTES["age"].copy()
    age[::3] = np.nan
    holes = {"age": age, "glasses": ATTRIBUTES["glasses"]}
    read = leakage.readouts(INDEX, MU, holes, CLASSES)
    axes = {one.attribute: one for one in attribute_axes(read, INDEX, MU, holes, CLASSES)}
    assert abs(axes["age"].moves[0, 1]) / np.linalg.norm(axes["age"].moves[0]) > 0.99


def test_no_attributes_have_no_axes() -> None:
    assert attribute_axes([], INDEX, MU, {}, {}) == []


class _Repeats(VAE):
    """Decodes z into pixels and encodes them as they are, but loses half of dimension 1."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        kept = torch.ones(D)
        kept[1] = 0.5
        return z * kept

    def encode(self, x: torch.Tensor):  # type: ignore[no-untyped-def]
        return type("Posterior", (), {"mu": x})


def test_the_effect_is_what_the_pictures_show(found: dict[str, AttributeAxes]) -> None:
    model = _Repeats(ModelConfig("mlp", D, hidden_dim=4), (3, 4, 4))
    legible = [one for one in found.values() if one.is_readable]
    age = measured_effect(found["age"], legible, model, MU)
    assert age.share == pytest.approx(0.5, abs=0.02), "half of the move is drawn"
    assert age.effects[0].is_own
    assert age.effects[0].change == pytest.approx(0.5, abs=0.02)
    assert max(abs(effect.change) for effect in age.effects[1:]) < 0.05
    for name in ("hue", "hair", "glasses"):
        told = measured_effect(found[name], legible, model, MU)
        assert told.share == pytest.approx(1, abs=0.05)
        assert told.effects[0].attribute == name
        assert told.effects[0].change > 0.3


def test_the_effect_of_mixed_up_pictures_shows_too(found: dict[str, AttributeAxes]) -> None:
    class Mixes(_Repeats):
        def decode(self, z: torch.Tensor) -> torch.Tensor:
            mixed = z.clone()
            mixed[:, 0] += z[:, 1]
            return mixed

    model = Mixes(ModelConfig("mlp", D, hidden_dim=4), (3, 4, 4))
    told = measured_effect(
        found["age"], [found["age"], found["glasses"], found["hair"]], model, MU[:NUM]
    )
    assert told.effects[1].attribute == "glasses"
    assert told.effects[1].change > 0.5
