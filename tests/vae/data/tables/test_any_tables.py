"""In any layout of images and tables a row lands on its own image, or a sentence says so."""

from __future__ import annotations

import re
import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tests.vae.data.tables.samples import attached, many, texts

FOLDERS = ["", "train/", "test/", "a/", "a/b/", "dog/", "cat/"]


DRESSES = {
    "as it is": lambda name: name,
    "./": lambda name: f"./{name}",
    "backslashes": lambda name: name.replace("/", "\\"),
    "capitals": str.upper,
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "without suffix": lambda name: name.rpartition(".")[0],
    "another root": lambda name: f"/data/old/{name}",
    "padded": lambda name: re.sub(r"(?<![\d.])(\d)", r"0\1", name),
    "name": lambda name: name.rpartition("/")[2],
}


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Images, tables that give each row's image its own value, and the value meant for each."""
    stems = st.sampled_from(["1", "01", "2", "10", "a", "A", "\u00e9", "x.1", "img_3", "img_003"])
    images = draw(
        st.lists(
            st.tuples(st.sampled_from(FOLDERS), stems, st.sampled_from([".png", ".jpg"])),
            min_size=1,
            max_size=12,
            unique=True,
        )
    )
    every = ["".join(image) for image in images]
    there = draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    tables: dict[str, str] = {}
    above = sorted({path[: path.rfind("/", 0, n) + 1] for path in there for n in range(len(path))})
    for folder in draw(st.lists(st.sampled_from(above), min_size=1, max_size=3, unique=True)):
        meant = [path for path in every if path.startswith(folder)]
        dress = DRESSES[draw(st.sampled_from(sorted(DRESSES)))]
        rows = [f"{dress(path[len(folder) :])},v{every.index(path)}" for path in meant]
        tables[f"{folder}t.csv"] = "\n".join(["file,value", *draw(st.permutations(rows))])
    return there, tables, {path: f"v{every.index(path)}" for path in every}


@many(max_examples=500)
@given(layouts())
def test_in_any_layout_a_row_lands_on_its_own_image_or_is_said(
    layout: tuple[list[str], dict[str, str], dict[str, str]],
) -> None:
    there, tables, meant = layout
    found = attached(tables, there)
    values = texts(found.columns["value"]) if found.columns else [None] * len(there)
    written = {}  # the images that rows name to the letter, whatever they were meant for
    for table, text in tables.items():
        for row in text.splitlines()[1:]:
            name, value = row.rsplit(",", 1)
            written[value] = {*written.get(value, ()), table.removesuffix("t.csv") + name, name}
    for path, value in zip(there, values, strict=True):
        if value == meant[path]:
            continue
        if any(path.startswith(table.removesuffix("t.csv")) for table in tables):
            assert found.warnings, "a row was lost, or there was none, and nothing is said"
        own = next((image for image, text in meant.items() if text == value), None)
        assert value is None or own not in there or path in written[str(value)]


@st.composite
def clear_layouts(draw: st.DrawFn) -> tuple[list[str], dict[str, str]]:
    """Images of names that differ in every way of writing, and tables that speak of all of them."""
    stems = ["1", "2", "10", "a", "\u00e9", "x.1", "img_3", "b c"]
    used = draw(st.lists(st.sampled_from(stems), min_size=1, unique=True))
    images = [f"{draw(st.sampled_from(FOLDERS))}{stem}.png" for stem in used]
    above = sorted({path[: path.rfind("/", 0, n) + 1] for path in images for n in range(len(path))})
    tables = {}
    for folder in above:
        rows = [
            f"{DRESSES[draw(st.sampled_from(sorted(DRESSES)))](path[len(folder) :])},v{number}"
            for number, path in enumerate(images)
            if path.startswith(folder)
        ]
        tables[f"{folder}t.csv"] = "\n".join(["file,value", *draw(st.permutations(rows))])
    chosen = draw(st.lists(st.sampled_from(sorted(tables)), unique=True))
    return images, {name: tables[name] for name in ["t.csv", *chosen]}


@many(max_examples=500)
@given(clear_layouts())
def test_where_names_are_clear_every_row_lands_however_it_is_written(
    layout: tuple[list[str], dict[str, str]],
) -> None:
    images, tables = layout
    found = attached(tables, images)
    assert texts(found.columns["value"]) == [f"v{number}" for number in range(len(images))]
    assert found.warnings == []


def test_200_000_rows_and_images_take_seconds() -> None:
    num = 200_000
    paths = [f"img_align_celeba/{index:06}.jpg" for index in range(num)]
    rows = "".join(
        f"{index}.jpg,{index % 3},{index / 7:.3f},{'blue_hair smile' if index % 2 else 'hat smile'}"
        "\n"
        for index in range(num)
    )
    started = time.process_time()
    found = attached({"t.csv": f"id,kind,size,tags\n{rows}"}, paths)
    assert time.process_time() - started < 30
    assert found.columns["kind"].values.tolist() == [index % 3 for index in range(num)]
    assert texts(found.columns["hat"])[:3] == ["yes", "no", "yes"]
    assert found.warnings == [
        "tags was read as lists of tags: each of its 3 frequent tags is a column of yes and no."
    ]
