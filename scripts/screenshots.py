"""Draw the README's pictures anew: every panel of the shipped run, in a real Chromium.

python -m scripts.screenshots
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import ROOT, SHIPPED, chromium, served

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
    page.wait_for_timeout(4000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(TARGET / f"{panel.lower()}.png", optimize=True)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(SHIPPED, Path(folder) / SHIPPED.name)
        browser = chromium(playwright)
        with served(ROOT / "app.py", Path(folder)) as url:
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            for panel in READY:
                draw(page, url, panel)
        browser.close()


if __name__ == "__main__":
    main()
