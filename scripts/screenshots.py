"""Draw the README's pictures anew: every panel of the shipped run and the look at own images.

python -m scripts.screenshots
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import ROOT, SHIPPED, chromium, served
from vae.faces import synthetic

TARGET = ROOT / "docs" / "images"
READY = {
    "Live": "img[alt='Samples']",
    "Map": "canvas[aria-label='Map']",
    "Sliders": "canvas[aria-label='Face']",
    "Interpolate": "img[alt='Path 5']",
    "Animation": "[aria-label='Training animation']",
    "Model": "text=latent dimensions are active",
}


def draw(page: Page, url: str, panel: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name=panel, exact=True).click()
    page.locator(READY[panel]).first.wait_for(timeout=60_000)
    if panel == "Map":
        page.get_by_text("UMAP", exact=True).click()
        page.wait_for_timeout(3000)
        box = page.locator(READY[panel]).bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 0.42 * box["width"], box["y"] + 0.55 * box["height"])
        page.wait_for_timeout(3000)
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    if panel == "Animation":
        page.wait_for_timeout(6000)
        page.get_by_role("button", name="Pause animation").click()
        page.get_by_role("slider", name="Frame").press("End")
    page.wait_for_timeout(4000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(TARGET / f"{panel.lower()}.png", optimize=True)


def images_of_ones_own(folder: Path) -> Path:
    """A folder of 1,200 faces in two shapes with a table, a few files broken or copied."""
    folder.mkdir()
    images = synthetic.faces(0, np.arange(1200), 96)
    for number, image in enumerate(images):
        cut = image[:, 16:-16] if number % 3 else image
        Image.fromarray(cut).save(folder / f"{number:04}.png")
    for number in range(7):
        data = (folder / f"{number:04}.png").read_bytes()
        (folder / f"broken-{number}.png").write_bytes(data[: len(data) // 2])
        (folder / f"copy-{number}.png").write_bytes(data)
    rows = [f"{number:04}.png,{number % 5}" for number in range(len(images))]
    (folder / "faces.csv").write_text("\n".join(["file,artist", *rows]))
    return folder


def draw_look(page: Page, url: str, source: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.goto(url)
    page.get_by_role("textbox", name="Data").fill(str(source))
    page.get_by_role("textbox", name="Data").press("Enter")
    page.get_by_text("First pictures after").wait_for(timeout=120_000)
    page.wait_for_timeout(2000)
    top = page.get_by_text("Crop", exact=True).bounding_box()
    end = page.get_by_role("button", name="Start training").bounding_box()
    assert top is not None
    assert end is not None
    above = top["y"] - 12
    width, height = end["x"] + end["width"] + 30, end["y"] + end["height"] + 16 - above
    page.screenshot(
        path=TARGET / "own-images.png", clip={"x": 0, "y": above, "width": width, "height": height}
    )


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(SHIPPED, Path(folder) / SHIPPED.name)
        browser = chromium(playwright)
        with served(ROOT / "app.py", Path(folder)) as url:
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            for panel in READY:
                draw(page, url, panel)
            with tempfile.TemporaryDirectory() as other:
                draw_look(page, url, images_of_ones_own(Path(other) / "faces"))
        browser.close()


if __name__ == "__main__":
    main()
