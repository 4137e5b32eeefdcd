"""Directions against planted ones: their vectors, what they leak, their file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from vae.config import ModelConfig
from vae.directions import axes, contrasts, definitions, leakage
from vae.directions.definitions import Definition
from vae.errors import FileError, InputError
from vae.latent import refine
from vae.model.networks import VAE

NUM, D = 4000, 8
CLASSES = {"glasses": ("none", "round"), "hair": ("short", "long", "buns", "unknown")}


def planted(seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Points whose dimensions hold attributes: 0 glasses, 1 age, 2 and 3 a hue, 4 to 6 the hair.

    `beard` goes along with glasses in nine images of ten and lies in dimension 7; `noise` is not
    in the points at all.
    """
    rng = np.random.default_rng(seed)
    mu = 0.1 * rng.standard_normal((NUM, D))
    glasses = rng.integers(0, 2, NUM)
    beard = np.where(rng.random(NUM) < 0.9, glasses, 1 - glasses)
    age, turn, hair = rng.standard_normal(NUM), rng.random(NUM), rng.integers(0, 3, NUM)
    mu[:, 0] += 2 * glasses
    mu[:, 1] += age
    mu[:, 2] += np.cos(2 * np.pi * turn)
    mu[:, 3] += np.sin(2 * np.pi * turn)
    mu[np.arange(NUM), 4 + hair] += 2
    mu[:, 7] += 2 * beard
    hair[:20] = 3
    return mu.astype(np.float32), {
        "glasses": glasses,
        "beard": beard.astype(np.float32),
        "age": age.astype(np.float32),
        "hue": turn.astype(np.float32),
        "hair": hair,
        "noise": rng.standard_normal(NUM).astype(np.float32),
    }


INDEX = np.arange(NUM)
MU, ATTRIBUTES = planted()


def axis(definition: Definition, before: dict[str, axes.Axis] | None = None):  # type: ignore[no-untyped-def]
    return axes.axis_of(definition, before or {}, INDEX, MU, ATTRIBUTES, CLASSES)


def moves(definition: Definition) -> dict[str, leakage.Move]:
    read = leakage.readouts(INDEX, MU, ATTRIBUTES, CLASSES)
    told = leakage.leakage(axis(definition), read, ATTRIBUTES, CLASSES)
    return {move.attribute: move for move in told}


# ------------------------------------------------------------------------------- the vector


def test_an_attribute_recovers_the_dimension_that_holds_it() -> None:
    age = axis(Definition("age", attribute="age", value=contrasts.UPPER))
    assert abs(age.vector[1]) > 0.995
    assert age.vector[1] > 0, "upper minus lower"
    assert age.num_a == age.num_b == NUM // 4
    assert axis(Definition("hair", attribute="hair", value="long")).vector[5] > 0.8


def test_a_direction_has_length_one_and_the_means_have_unit_deviation_along_it() -> None:
    some = axis(Definition("x", a=(1, 2, 3), b=(7, 8)))
    along = (MU @ some.vector - some.centre) / some.unit
    assert np.linalg.norm(some.vector) == pytest.approx(1)
    assert along.mean() == pytest.approx(0, abs=1e-5)
    assert along.std() == pytest.approx(1, abs=1e-5)


def test_groups_are_found_by_image_whatever_their_row() -> None:
    expected = MU[[5, 9]].mean(0) - MU[[3]].mean(0)
    order = np.random.default_rng(0).permutation(NUM)
    found = axes.axis_of(Definition("x", a=(5, 9), b=(3,)), {}, order, MU[order], {}, {})
    np.testing.assert_allclose(found.vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_part_of_a_circle_is_on_across_its_seam() -> None:
    on, off = contrasts.sides("hue", "around 0", ATTRIBUTES, CLASSES, INDEX)
    hue = ATTRIBUTES["hue"]
    np.testing.assert_array_equal(on, (hue <= 1 / 12) | (hue >= 11 / 12))
    np.testing.assert_array_equal(off, ~on)
    assert axis(Definition("red", attribute="hue", value="around 0")).vector[2] > 0.98
    degrees = {"hue": 360 * hue}
    assert contrasts.values_of("hue", degrees, {})[1] == "around 60"
    np.testing.assert_array_equal(contrasts.sides("hue", "around 0", degrees, {}, INDEX)[0], on)


def test_images_of_which_nothing_is_known_are_on_neither_side() -> None:
    assert "unknown" not in contrasts.values_of("hair", ATTRIBUTES, CLASSES)
    on, off = contrasts.sides("hair", "short", ATTRIBUTES, CLASSES, INDEX)
    assert not (on | off)[:20].any()
    gaps = {"age": np.where(INDEX % 2, np.nan, ATTRIBUTES["age"])}
    on, off = contrasts.sides("age", contrasts.UPPER, gaps, {}, INDEX)
    assert on.sum() == off.sum() == NUM // 8


def test_orthogonal_means_a_dot_product_of_nought() -> None:
    glasses = axis(Definition("glasses", attribute="glasses", value="round"))
    bearded = ATTRIBUTES["beard"] > 0
    a, b = (tuple(np.flatnonzero(side).tolist()) for side in (bearded, ~bearded))
    confounded = Definition("beard alone", a=a, b=b)
    before = {
        "glasses": glasses,
        "age": axis(Definition("age", attribute="age", value="upper quarter")),
    }
    beard_alone = axis(dataclasses.replace(confounded, orthogonal_to=("glasses", "age")), before)
    assert abs(axis(confounded).vector @ glasses.vector) > 0.9
    for other in before.values():
        assert beard_alone.vector @ other.vector == pytest.approx(0, abs=1e-12)
    table = axes.cosines({**before, "alone": beard_alone})
    np.testing.assert_allclose(np.diag(table), 1)
    assert table[0, 2] == pytest.approx(0, abs=1e-12)


def test_nothing_left_is_a_sentence() -> None:
    glasses = Definition("glasses", attribute="glasses", value="round")
    again = dataclasses.replace(glasses, name="again", orthogonal_to=("glasses",))
    found, failed = axes.axes_of([glasses, again], INDEX, MU, ATTRIBUTES, CLASSES)
    assert list(found) == ["glasses"]
    assert "Nothing is left" in failed["again"]


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        (Definition("x", a=(), b=(1,)), "is empty"),
        (Definition("x", a=(1,), b=(NUM + 5,)), "Group B is empty"),
        (Definition("x", a=(1, 2), b=(2, 1)), "the same images"),
        (Definition("x", attribute="shoes", value="red"), "no attribute 'shoes'"),
        (Definition("x", attribute="glasses", value="square"), "none, round"),
    ],
)
def test_what_makes_no_direction_is_a_sentence(definition: Definition, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        axis(definition)


def test_an_attribute_that_never_varies_is_a_sentence() -> None:
    same = {"age": np.ones(NUM, np.float32), "glasses": np.ones(NUM, np.int64)}
    for name, value in (("age", contrasts.UPPER), ("glasses", "round")):
        with pytest.raises(InputError, match="the same in all images"):
            contrasts.sides(name, value, same, CLASSES, INDEX)


# ------------------------------------------------------------------------------- leakage


def test_one_unit_moves_its_own_attribute_by_about_one_deviation() -> None:
    told = moves(Definition("age", attribute="age", value=contrasts.UPPER))
    assert told["age"].deviations == pytest.approx(1, abs=0.05)
    assert told["age"].explained > 0.95
    for name in ("glasses", "beard", "hair"):
        assert abs(told[name].deviations) < 0.15, name


def test_a_planted_confound_leaks_and_an_attribute_that_is_not_there_is_unreadable() -> None:
    told = moves(Definition("glasses", attribute="glasses", value="round"))
    assert told["glasses"].deviations > 0.6
    assert told["beard"].deviations > 0.5, "beards come with glasses in this data"
    assert not told["noise"].is_readable
    assert told["noise"].explained < 0.01
    assert list(told)[-1] == "noise", "what cannot be read stands last"


def test_a_class_and_a_place_on_a_circle_are_named() -> None:
    told = moves(Definition("long", attribute="hair", value="long"))
    assert told["hair"].towards == "long"
    assert told["hair"].deviations > 0.8
    hue = moves(Definition("hue", attribute="hue", value="around 0.333"))["hue"]
    assert float(hue.towards) == pytest.approx(1 / 3, abs=0.02)
    assert 0.8 < hue.deviations < 1.2


def test_the_readout_is_ridge_regression_and_its_share_is_of_images_left_out() -> None:
    read = {one.attribute: one for one in leakage.readouts(INDEX, MU, ATTRIBUTES, CLASSES)}
    x = MU.astype(np.float64)
    strength = leakage.RIDGE * NUM * x.var(0).mean()
    y = ATTRIBUTES["age"].astype(np.float64)
    model = Ridge(alpha=strength).fit(x, y)
    np.testing.assert_allclose(read["age"].weights[0], model.coef_, rtol=1e-6)
    left_out = cross_val_predict(Ridge(alpha=strength), x, y, cv=KFold(5, shuffle=True))
    assert read["age"].explained[0] == pytest.approx(r2_score(y, left_out), abs=1e-3)


def test_an_attribute_of_mere_chance_is_not_called_readable() -> None:
    rng = np.random.default_rng(0)
    mu = rng.standard_normal((60, 30)).astype(np.float32)
    chance = {"luck": rng.standard_normal(60).astype(np.float32)}
    (read,) = leakage.readouts(np.arange(60), mu, chance, {})
    assert read.explained[0] < 0, "half of it is explained on the images that it was fitted to"


# ------------------------------------------------------------------------------- the file


def test_directions_come_back_as_they_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "directions.json"
    assert definitions.load_directions(path) == []
    kept = [
        Definition("smile", attribute="smile", value="upper quarter"),
        Definition("mine", a=(3, 1), b=(7,), orthogonal_to=("smile",)),
    ]
    for one in kept:
        definitions.add_direction(path, one)
    assert definitions.load_directions(path) == kept
    with pytest.raises(InputError, match="mine is orthogonal to smile"):
        definitions.remove_direction(path, "smile")
    definitions.remove_direction(path, "mine")
    definitions.remove_direction(path, "smile")
    assert definitions.load_directions(path) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "SMILE"])
def test_a_name_that_is_none_or_taken_is_refused_and_nothing_is_lost(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "directions.json"
    definitions.add_direction(path, Definition("smile", attribute="smile", value="upper quarter"))
    before = path.read_bytes()
    with pytest.raises(InputError, match="name"):
        definitions.add_direction(path, Definition(name, a=(1,), b=(2,)))
    with pytest.raises(InputError, match="does not exist"):
        definitions.add_direction(path, Definition("y", a=(1,), b=(2,), orthogonal_to=("gone",)))
    with pytest.raises(InputError, match="Group B is empty"):
        definitions.add_direction(path, Definition("y", a=(1,)))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"directions": 3}',
        b'{"directions": [{"name": 3}]}',
        b'{"directions": [{"name": "x", "a": ["one"], "b": [2]}]}',
        b'{"directions": [{"name": "x", "a": [-1], "b": [2]}]}',
        b'{"directions": [{"name": "x"}]}',
        b'{"directions": [{"name": "x", "a": [1], "b": [2], "orthogonal_to": ["x"]}]}',
        b"\xff\xfe",
    ],
)
def test_a_broken_file_is_one_sentence_and_is_not_written_over(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "directions.json"
    path.write_bytes(content)
    for act in (
        lambda: definitions.load_directions(path),
        lambda: definitions.add_direction(path, Definition("y", a=(1,), b=(2,))),
        lambda: definitions.remove_direction(path, "y"),
    ):
        with pytest.raises(FileError, match=r"directions\.json") as error:
            act()
        assert "\n" not in str(error.value)
    assert path.read_bytes() == content


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "directions.json"
    entry = {"name": "x", "a": [1], "b": [2], "colour": "red"}
    path.write_text(json.dumps({"directions": [entry], "version": 7}))
    assert definitions.load_directions(path) == [Definition("x", a=(1,), b=(2,))]


# ------------------------------------------------------------------------------- refining


@pytest.mark.parametrize("image_shape", [(1, 28, 28), (3, 64, 64)])
def test_refining_lowers_the_objective_and_never_raises_it(
    image_shape: tuple[int, int, int],
) -> None:
    torch.manual_seed(0)
    config = ModelConfig(latent_dim=4, channels=(4, 8, 8, 8, 8), likelihood="gaussian", sigma=0.01)
    model = VAE(config, image_shape).eval().requires_grad_(False)
    truth = torch.tensor([[1.5, -1.0, 0.5, 2.0]])
    pixels = (model.decode(20 * truth)[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    walk = list(refine.refine(model, pixels, np.zeros(4, np.float32), 40))
    objectives = [one.objective for one in walk]
    assert objectives == sorted(objectives, reverse=True)
    assert walk[-1].mse < walk[0].mse
    assert not (walk[0].z).any()
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_objective_is_that_of_the_most_probable_z() -> None:
    torch.manual_seed(0)
    model = VAE(ModelConfig(latent_dim=3, sigma=0.2), (3, 32, 32)).eval().requires_grad_(False)
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    z = np.array([0.3, -1.0, 2.0], np.float32)
    first = next(refine.refine(model, pixels, z))
    x = torch.from_numpy(pixels).permute(2, 0, 1).double() / 255
    mean = model.decode(torch.tensor(z[None]))[0].double()
    given = torch.distributions.Normal(mean, 0.2).log_prob(x).sum()
    prior = torch.distributions.Normal(0, 1).log_prob(torch.tensor(z).double()).sum()
    assert first.objective == pytest.approx(float(-given - prior), rel=1e-5)
    assert first.mse == pytest.approx(float((mean - x).square().mean()), rel=1e-5)
    assert first.psnr == pytest.approx(-10 * np.log10(first.mse))


def test_numbers_and_ranges_name_images() -> None:
    assert definitions.numbers_in("3, 17 40-42,3") == (3, 17, 40, 41, 42)
    assert definitions.numbers_in("") == ()
    for text in ("x", "-3", "1-", "1.5", "0-99999999", "9" * 30):
        with pytest.raises(InputError):
            definitions.numbers_in(text)
