"""The evaluation and the samples of the panel Model in a real Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import (
    FACE,
    TRAINING_PATIENCE,
    Server,
    choose,
    open_panel,
    require_chromium,
    select,
    show_panel,
    still,
    wait_for_change,
    wait_for_socket,
    wait_until_idle,
    wait_until_painted,
)
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Page, expect  # noqa: E402


@pytest.fixture(scope="module")
def tiny(trained_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the tiny run, which was never evaluated."""
    root = tmp_path_factory.mktemp("evaluation") / "runs"
    shutil.copytree(trained_root / "tiny", root / "tiny")
    for name in ("evaluation.json", "samplers.npz"):
        (root / "tiny" / name).unlink(missing_ok=True)
    server = Server(root)
    yield server
    server.close()


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """How far apart two pictures are at 16 pixels a side, in levels."""
    small = [
        np.asarray(Image.fromarray(np.uint8(picture)).resize((16, 16), Image.Resampling.BOX))
        for picture in (one, other)
    ]
    return float(np.abs(np.subtract(*small, dtype=np.float64)).mean())


def test_evaluate_brings_the_table_and_the_faces(page: Page, tiny: Server) -> None:
    open_panel(page, tiny, "Model")
    expect(page.get_by_text("not made yet")).to_be_visible()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    table = page.get_by_role("table", name="Evaluation")
    expect(table).to_be_visible(timeout=1000 * TRAINING_PATIENCE)
    for name in ("elbo", "Mutual information", "MIG", "Frechet, reconstructions"):
        expect(table.get_by_role("cell", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Evaluate again")).to_be_visible()
    wait_until_painted(page.get_by_alt_text("Reconstruction of image").first)
    assert Run(tiny.root / "tiny").samplers_file.is_file()


def test_a_clicked_sample_opens_in_sliders(page: Page, tiny: Server) -> None:
    (tiny.root / "tiny" / "samplers.npz").unlink(missing_ok=True)
    open_panel(page, tiny, "Model")
    expect(page.get_by_role("radio", name="Mixture")).to_be_hidden()
    expect(page.get_by_role("radio", name="Flow")).to_be_checked()
    page.get_by_role("button", name="Find the nearest training images").click()
    expect(page.get_by_role("radio", name="Mixture")).to_be_enabled(
        timeout=1000 * TRAINING_PATIENCE
    )
    sample = page.get_by_role("button", name="Sample 2", exact=True)
    of_the_prior = still(sample)
    choose(page, "Mixture")
    wait_for_change(sample, of_the_prior)
    before = still(sample)
    another = still(page.get_by_role("button", name="Sample 3", exact=True))
    expect(page.get_by_text("by pixels", exact=True).first).to_be_visible()
    sample.click()
    expect(page.get_by_role("tab", name="Sliders")).to_have_attribute("aria-selected", "true")
    face = page.locator(FACE).first
    wait_for_socket(face)
    shown = still(face)
    assert distance(shown, before) < distance(shown, another)  # the same face, of another size
    show_panel(page, "Model")
    expect(sample).to_be_visible()
    wait_until_idle(page)
    model = page.get_by_role("tab", name="Model", exact=True)
    expect(model).to_have_attribute("aria-selected", "true")  # one click, one move


def test_another_checkpoint_is_put_into_use_and_said_to_be(page: Page, tiny: Server) -> None:
    open_panel(page, tiny, "Model")
    box = page.get_by_role("combobox", name="Weights that are kept")
    use = page.get_by_role("button", name="Use this checkpoint")
    expect(page.get_by_text("step 8, epoch 2, the newest, is in use")).to_be_visible()
    expect(use).to_be_disabled()
    for value, words in (
        ("step 4", "is in use; the newest is step 8"),
        ("step 8", "the newest, is"),
    ):
        select(page, "Weights that are kept", value)
        use.click()
        expect(page.get_by_text(words)).to_be_visible()
        wait_until_idle(page)
        expect(use).to_be_disabled()
        expect(box).to_have_value(re.compile(f"^{value} .* in use$"))
