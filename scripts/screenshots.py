"""Draw the README's pictures anew: every panel of the shipped run, in a real Chromium.

python scripts/screenshots.py
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images"
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://localhost:{port}"
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(ROOT / "checkpoints" / "anime-faces", Path(folder) / "anime-faces")
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
            cwd=ROOT,
            env={**os.environ, "VAE_ROOT": folder, "STREAMLIT_SERVER_HEADLESS": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                        break
                except OSError:
                    time.sleep(0.1)
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=ARGUMENTS
            )
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            for panel in READY:
                draw(page, url, panel)
            browser.close()
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
