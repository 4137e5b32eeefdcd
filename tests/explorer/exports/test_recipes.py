"""Recipes: they come back from every kind of file as they went in, and nothing else is one."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from explorer.drawing import images
from explorer.exports import python_program, recipes
from explorer.exports.recipes import Recipe
from vae import api, pictures
from vae.model.networks import VAE

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "checkpoints" / "anime-faces"


@pytest.fixture
def recipe() -> Recipe:
    points = np.random.default_rng(0).standard_normal((2, 6)).astype(np.float32)
    return Recipe(
        "path", "tiny", "ab" * 32, 1234, 32, points, {"path": "slerp", "steps": 9, "images": [3, 7]}
    )


@pytest.fixture(scope="module")
def model() -> VAE:
    """The shipped run's: its faces differ, as those of a run of a moment do not."""
    return api.load(SHIPPED)[0]


def files(comment: str) -> dict[str, bytes]:
    """A file of every kind that carries the comment."""
    frames = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    made = {
        suffix: pictures.animation(list(frames), suffix, comment=comment)
        for suffix in pictures.ANIMATION_SUFFIXES
    }
    return made | {".png": pictures.png(frames[0], comment)}


def test_a_recipe_comes_back_from_every_kind_of_file(recipe: Recipe) -> None:
    for suffix, data in files(recipes.written(recipe)).items():
        back = recipes.read(data)
        assert back is not None, suffix
        assert back.points.tobytes() == recipe.points.tobytes(), "to the last bit"
        assert dataclasses.replace(back, points=recipe.points).__dict__ == recipe.__dict__
        assert back.images == (3, 7)


def test_a_recipe_of_the_largest_points_fits_into_every_kind_of_file(recipe: Recipe) -> None:
    points = np.ones((recipes.MAX_POINTS // 8, recipes.MAX_DIMENSIONS), np.float32)
    large = dataclasses.replace(recipe, points=points)
    for suffix, data in files(recipes.written(large)).items():
        back = recipes.read(data)
        assert back is not None, suffix
        assert (back.points == points).all()


def test_the_comment_changes_no_pixel() -> None:
    for suffix, data in files("x" * 1000).items():
        if suffix != ".mp4":
            with (
                Image.open(io.BytesIO(data)) as one,
                Image.open(io.BytesIO(files("")[suffix])) as two,
            ):
                assert np.array_equal(
                    np.asarray(one.convert("RGB")), np.asarray(two.convert("RGB"))
                )


def test_files_without_a_recipe_have_none(recipe: Recipe) -> None:
    whole = files(recipes.written(recipe))
    for suffix, data in files("").items():
        assert recipes.read(data) is None
        assert recipes.read(data[: len(data) // 3]) is None
        assert recipes.read(whole[suffix][:40]) is None
    assert recipes.read(b"") is None
    assert recipes.read(b"\0\0\0\x18ftypmp42" + bytes(64)) is None
    for data in files("made by another program").values():
        assert recipes.read(data) is None


def changed(made: Recipe, **fields: object) -> str:
    return json.dumps({**json.loads(recipes.written(made)), **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"recipe": 99},
        {"kind": "spell"},
        {"step": -1},
        {"step": 1e400},
        {"step": "many"},
        {"points": {"shape": [2, 7], "float32": ""}},
        {"points": {"shape": [1 << 30, 1 << 30], "float32": ""}},
        {"points": {"shape": [1], "float32": "AAAAAA=="}},
        {"points": {"shape": [1, 1], "float32": "AADAfw=="}},  # not a number
        {"points": {"shape": [1, 1], "float32": "?"}},
        {"points": None},
        {"settings": [1]},
    ],
)
def test_what_only_looks_like_a_recipe_is_none(recipe: Recipe, fields: dict[str, object]) -> None:
    assert recipes.parsed(changed(recipe)) is not None
    assert recipes.parsed(changed(recipe, **fields)) is None


@pytest.mark.parametrize("text", ["", "[]", "null", "7", "[" * 100_000, '{"recipe": 1}'])
def test_text_that_is_no_recipe_is_none(text: str) -> None:
    assert recipes.parsed(text) is None


@pytest.mark.parametrize("claimed", [[1], [3, -1], [3, 1.5], "37", None, [True, 2]])
def test_images_that_cannot_be_are_left_out(recipe: Recipe, claimed: object) -> None:
    back = recipes.parsed(changed(recipe, settings={"images": claimed}))
    assert back is not None
    assert back.images == ()


def test_a_text_that_unpacks_to_very_much_is_none() -> None:
    info = PngInfo()
    info.add_text(pictures.COMMENT_WORD, "x" * 50_000_000, zip=True)
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG", pnginfo=info)
    assert len(buffer.getvalue()) < 100_000
    assert recipes.read(buffer.getvalue()) is None


def test_what_becomes_of_a_dropped_recipe(recipe: Recipe) -> None:
    here = {"digest": recipe.digest, "step": recipe.step}
    same = recipes.judged(recipe, "Interpolate", "tiny", ["tiny"], **here)
    assert same.run == "tiny"
    assert same.is_exact
    later = recipes.judged(recipe, "Interpolate", "tiny", ["tiny"], "cd" * 32, 2000)
    assert later.run == "tiny"
    assert not later.is_exact
    assert "step 1,234" in later.sentence
    assert "step 2,000" in later.sentence
    other = recipes.judged(recipe, "Interpolate", "big", ["big", "tiny"], **here)
    assert other.run == "tiny"
    gone = recipes.judged(recipe, "Interpolate", "big", ["big"], **here)
    assert gone.run == ""
    assert "tiny, which is not here" in gone.sentence
    wrong = recipes.judged(recipe, "Sliders", "tiny", ["tiny"], **here)
    assert wrong.run == ""
    assert "upload it in Interpolate" in wrong.sentence


# ------------------------------------------------------------------------------ copy as Python


def executed(program: str, folder: Path, out: str) -> np.ndarray:
    """The pixels of the picture that a program writes, in a process of its own. [H, W, 3]"""
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return pictures.read_png(folder / out)


def read(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def test_the_program_of_a_face_makes_the_pixels_of_its_file(model: VAE, tmp_path: Path) -> None:
    z = [*np.random.default_rng(0).standard_normal(model.latent_dim - 3), 2.0**-40, 1 / 3, -0.0]
    exported = read(images.png(images.decode(model, [z])[0], 384))
    program = python_program.face(SHIPPED, 8, np.float32(z), 384)
    assert np.array_equal(executed(program, tmp_path, "face.png"), exported)


@pytest.mark.parametrize("kind", ["slerp", "lerp", "another"])
@pytest.mark.parametrize("shown", [(3, 17, 5), ()])
def test_the_program_of_a_path_makes_the_pixels_of_its_strip(
    model: VAE, tmp_path: Path, kind: str, shown: tuple[int, ...]
) -> None:
    keys = api.encode(model, api.dataset(SHIPPED).take(np.array([3, 17, 5])))
    points = api.interpolate(keys, 9, "lerp" if kind == "another" else kind)
    exported = read(images.strip(images.decode(model, points)))
    factor = images.strip_factor(model.image_shape[1])
    program = python_program.path(SHIPPED, 8, keys, shown, points, kind, factor)
    assert np.array_equal(executed(program, tmp_path, "path.png"), exported)


def test_many_numbers_become_one_word_of_the_same_bits(model: VAE, tmp_path: Path) -> None:
    points = np.random.default_rng(0).standard_normal((9, model.latent_dim)).astype(np.float32)
    exported = read(images.strip(images.decode(model, points)))
    factor = images.strip_factor(model.image_shape[1])
    program = python_program.path(SHIPPED, 8, points[:2], (), points, "another", factor)
    assert "base64" in program
    assert np.array_equal(executed(program, tmp_path, "path.png"), exported)
