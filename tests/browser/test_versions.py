"""Images left out, kept alone and taken home by hand: from a lasso, and by their loss."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import (
    Server,
    find_an_image,
    lasso,
    open_panel,
    ready_map,
    require_chromium,
    show_panel,
)
from tests.conftest import TINY
from vae.commands.parser import main
from vae.faces.synthetic import faces

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Page, expect  # noqa: E402

NUM = 60
ODD = 7  # an image unlike all others


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one, `tiny`, of a folder of images with one that is noise."""
    place = tmp_path_factory.mktemp("versions")
    pictures = faces(0, np.arange(NUM), 32)
    pictures[ODD] = 255 * np.random.default_rng(0).integers(0, 2, (32, 32, 3), np.uint8)
    for index, picture in enumerate(pictures):
        file = place / "faces" / ("a" if index < 30 else "b") / f"{index:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    words = [word for word in TINY if "num_images" not in word]
    runs = place / "runs"
    assert main(["train", "tiny", "--data", str(place / "faces"), "--root", str(runs), *words]) == 0
    pca = ["--method", "pca", "--out", str(runs / "tiny" / "maps" / "pca.npz")]
    assert main(["project", "tiny", "--root", str(runs), *pca]) == 0
    return runs


def stands_in_data(page: Page, root: Path, name: str) -> dict[str, object]:
    """The version that the form's Data names by now, once its counts stand below."""
    file = root / ".versions" / name
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("textbox", name="Data")).to_have_value(str(file))
    version: dict[str, object] = json.loads(file.read_text())
    return version


def test_a_lasso_is_kept_left_out_and_taken_home(
    page: Page, server: Server, root: Path, tmp_path: Path
) -> None:
    open_panel(page, server, "Map")
    canvas = ready_map(page)
    lasso(page, canvas, *find_an_image(page, canvas), 90)
    words = page.get_by_text(re.compile(r"^\d+ images$")).first.inner_text()
    num = int(words.split()[0])
    assert 1 < num < NUM
    with page.expect_download() as download:
        page.get_by_role("button", name="Export these files").click()
    assert download.value.suggested_filename == f"tiny-{num}-images.zip"
    download.value.save_as(tmp_path / "some.zip")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        names = archive.namelist()
        for name in names:
            assert archive.read(name) == (root.parent / "faces" / name).read_bytes()
    assert len(names) == num
    page.get_by_role("button", name="Keep only these").click()
    toast = page.get_by_test_id("stToast")
    expect(toast).to_contain_text(f"faces-only-{num} has {num} of the {NUM} images")
    version = stands_in_data(page, root, f"faces-only-{num}.json")
    assert sorted(map(str, version["keep"])) == sorted(names)  # type: ignore[call-overload]
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(re.compile(rf"^{num} images"))).to_be_visible()
    expect(sidebar.get_by_text(f"Left out: {NUM - num} by hand")).to_be_visible()
    page.get_by_role("button", name="Leave these out").click()
    version = stands_in_data(page, root, f"faces-without-{num}.json")
    assert sorted(map(str, version["leave_out"])) == sorted(names)  # type: ignore[call-overload]
    expect(sidebar.get_by_text(f"{NUM - num} images").first).to_be_visible()


def test_the_hardest_images_are_found_and_left_out(page: Page, server: Server, root: Path) -> None:
    open_panel(page, server, "Model")
    page.get_by_role("button", name="Find the hardest images").click()
    hardest = page.get_by_role("group", name="Hardest images")
    expect(hardest.get_by_role("button").first).to_have_accessible_name(f"Image {ODD}")
    expect(hardest.get_by_text(f"{ODD:02}.png")).to_be_visible()
    expect(hardest.get_by_role("button")).to_have_count(24)
    show_panel(page, "Model")
    hardest.get_by_role("button", name=f"Image {ODD}", exact=True).click()
    expect(page.get_by_text(f"Chosen: a/{ODD:02}.png.")).to_be_visible()
    page.get_by_role("button", name="Leave out the 1 chosen").click()
    version = stands_in_data(page, root, "faces-without-1.json")
    assert version["leave_out"] == [f"a/{ODD:02}.png"]
    hardest.get_by_role("button", name=f"Image {ODD}", exact=True).click()
    page.get_by_role("button", name="Leave out all 24").click()
    stands_in_data(page, root, "faces-without-24.json")
