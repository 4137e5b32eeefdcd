"""The built-in faces: pure, of any size, and every factor seen in the picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from vae.faces.synthetic import FACTORS, Factor, faces, render, sample_factors

CONTINUOUS = [factor for factor in FACTORS if not factor.values]
DISCRETE = [factor for factor in FACTORS if factor.values]


def plain_face(num: int = 1, **changes: float) -> dict[str, np.ndarray]:
    """`num` copies of one face with open eyes, looking ahead, and a mouth a little open."""
    middle = {factor.name: 0.5 * (factor.low + factor.high) for factor in CONTINUOUS}
    middle |= {factor.name: 0 for factor in DISCRETE}
    middle |= {"eye_openness": 1.0, "hair_style": 1, "skin_tone": 0.2} | changes
    return {
        factor.name: np.full(num, middle[factor.name], np.int64 if factor.values else np.float32)
        for factor in FACTORS
    }


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Mean absolute difference, in grey levels of 255."""
    return float(np.abs(first.astype(np.float32) - second.astype(np.float32)).mean())


def test_factors_are_a_pure_function_of_seed_and_index() -> None:
    together = sample_factors(3, np.arange(50))
    order = np.random.default_rng(0).permutation(50)
    shuffled = sample_factors(3, order)
    alone = sample_factors(3, np.array([17]))
    for name, values in together.items():
        np.testing.assert_array_equal(shuffled[name], values[order])
        assert alone[name][0] == values[17]


def test_pictures_do_not_depend_on_the_batch_they_are_rendered_in() -> None:
    together = faces(3, np.arange(40))
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(faces(3, order), together[order])
    for index in (0, 7, 39):
        np.testing.assert_array_equal(faces(3, np.array([index]))[0], together[index])


def test_seeds_and_indices_give_different_faces() -> None:
    indices = np.arange(300)
    drawn = [sample_factors(seed, indices) for seed in (0, 1, -1, 2**40)]
    for factor in CONTINUOUS:
        values = np.concatenate([one[factor.name] for one in drawn])
        assert len(np.unique(values)) > 0.95 * len(values), factor.name


def test_factors_are_drawn_independently_and_within_their_ranges() -> None:
    drawn = sample_factors(0, np.arange(4000))
    for factor in FACTORS:
        values = drawn[factor.name]
        if factor.values:
            assert values.dtype == np.int64
            shares = np.bincount(values, minlength=len(factor.values)) / len(values)
            np.testing.assert_allclose(shares, factor.weights, atol=0.04)
        else:
            assert values.dtype == np.float32
            assert values.min() >= factor.low
            assert values.max() <= factor.high
            assert values.max() - values.min() > 0.9 * (factor.high - factor.low)
    correlations = np.corrcoef(np.stack([drawn[factor.name] for factor in FACTORS]))
    np.fill_diagonal(correlations, 0)
    assert np.abs(correlations).max() < 0.08  # five standard errors


@pytest.mark.parametrize("size", [28, 64, 96, 128])
def test_faces_are_uint8_colour_pictures_of_the_asked_size(size: int) -> None:
    pictures = faces(0, np.arange(5), size)
    assert pictures.shape == (5, size, size, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std(axis=(1, 2, 3)).min() > 20


def test_no_faces_are_no_pictures() -> None:
    assert faces(0, np.arange(0), 32).shape == (0, 32, 32, 3)


def test_a_larger_rendering_shrunk_is_the_smaller_one() -> None:
    small = faces(0, np.arange(32), 64)
    large = faces(0, np.arange(32), 128).astype(np.float32)
    shrunk = large.reshape(32, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert difference(small, shrunk) < 1.8
    # one pixel off would be far worse: the pictures are aligned as well
    assert difference(small, np.roll(shrunk, 1, axis=2)) > 4 * difference(small, shrunk)


def test_there_are_at_least_fifteen_factors_with_different_names() -> None:
    assert len({factor.name for factor in FACTORS}) == len(FACTORS) >= 15


@pytest.mark.parametrize("factor", CONTINUOUS, ids=lambda factor: factor.name)
def test_every_continuous_factor_is_seen_and_acts_continuously(factor: Factor) -> None:
    # a colour wheel comes back to its start, so compare quarter points
    positions = np.linspace(0.25, 0.75, 101)
    face = plain_face(101)
    face[factor.name] = (factor.low + (factor.high - factor.low) * positions).astype(np.float32)
    pictures = render(face)
    whole = difference(pictures[0], pictures[-1])
    steps = [difference(a, b) for a, b in pairwise(pictures)]
    assert np.abs(pictures[0].astype(int) - pictures[-1]).max() > 20
    assert max(steps) < 0.2 * max(whole, 0.5)
    # every part of the range does something
    assert np.mean(np.array(steps) > 0) > 0.9


@pytest.mark.parametrize("factor", DISCRETE, ids=lambda factor: factor.name)
def test_every_value_of_a_discrete_factor_looks_different(factor: Factor) -> None:
    face = plain_face(len(factor.values))
    face[factor.name] = np.arange(len(factor.values))
    pictures = render(face)
    for i in range(len(pictures)):
        for j in range(i):
            assert difference(pictures[i], pictures[j]) > 0.4, (factor.values[i], factor.values[j])


def test_red_is_the_first_channel() -> None:
    crown = render(plain_face(hair_hue=0.0))[0, 8:14, 26:38].mean(axis=(0, 1))
    assert crown[0] > crown[2] + 50
    crown = render(plain_face(hair_hue=5 / 12))[0, 8:14, 26:38].mean(axis=(0, 1))
    assert crown[2] > crown[0] + 50


def test_leaning_to_the_right_moves_the_crown_to_the_right() -> None:
    columns = np.arange(64)
    means = []
    for tilt in (-1.0, 1.0):
        dark = 255.0 - render(plain_face(hair_hue=0.25, head_tilt=tilt))[0, 4:20].mean(axis=2)
        weight = np.maximum(dark - 90, 0)
        means.append(float((weight * columns).sum() / weight.sum()))
    assert means[1] > means[0] + 5
