"""How fast the face follows the hand: three seconds of pointer moves on a slider, in Chromium.

    python -m benchmarks.drag [--runs anime-faces ...] [--root checkpoints] [--training]

For each run, by socket and with the socket blocked: pictures a second, and milliseconds from the
pointer event to the painted picture (p50, p95), as the panel itself counts them. Beside them the
same decoder under `st.slider` in a fragment, which sends nothing before the hand lets go: there
the time is from release to the new picture. `--training`: with a training run on the same cores.
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.serving import FACE, ROOT, chromium, served
from vae.runs.folder import Run
from vae.runs.processes import start_training

STREAMLIT_SLIDER = """
import sys
import numpy as np
import streamlit as st
from pathlib import Path
sys.path.insert(0, {root!r})
from explorer.drawing import images
from vae.model.checkpoints import load_model
from vae.runs.folder import Run

@st.cache_resource
def model():
    return load_model(Run(Path({run!r})))[0]

@st.fragment
def face():
    z = np.zeros(model().latent_dim)
    for j in range(12):
        z[j] = st.slider(f"z{{j}}", -3.5, 3.5, 0.0, 0.05)
    picture = images.decode(model(), [z])[0]
    st.image(images.address(picture, picture.shape[0]), width=384, alt="Face")

face()
"""


def drag(page: Page, seconds: float = 3.0) -> float:
    """Move the first slider to and fro. Returns pictures a second."""
    slider = page.get_by_role("slider").first
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    before = int(page.locator(FACE).get_attribute("data-frame") or 0)
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        count += 1
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.4 * math.sin(count / 12)), y)
    passed = time.perf_counter() - began
    after = int(page.locator(FACE).get_attribute("data-frame") or 0)
    page.mouse.up()
    return (after - before) / passed


def live(browser: Browser, url: str, is_blocked: bool) -> str:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    if is_blocked:
        page.route_web_socket(re.compile("/live/decode/"), lambda one: one.close())
    page.goto(url)
    page.get_by_role("tab", name="Sliders").click()
    page.locator(FACE).wait_for(timeout=60_000)
    how = page.get_by_text("no socket" if is_blocked else "by socket")
    how.wait_for(state="attached")  # a word that shows where the pointer asks for it
    page.wait_for_timeout(3000)
    rate = drag(page)
    speed = page.locator(".speed").text_content()
    page.close()
    return f"{rate:5.1f} pictures/s   {speed}"


def release(browser: Browser, run: Run) -> str:
    """Milliseconds from letting go of `st.slider` to the new picture."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "slider.py"
        script.write_text(STREAMLIT_SLIDER.format(root=str(ROOT), run=str(run.folder)))
        with served(script, run.folder.parent) as url:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(url)
            picture = page.locator("img[alt='Face']")
            picture.wait_for(timeout=60_000)
            page.wait_for_timeout(2000)
            for i in range(15):
                box = page.get_by_role("slider").first.locator("xpath=..").bounding_box()
                assert box is not None
                before = picture.get_attribute("src")
                page.get_by_role("slider").first.focus()
                began = time.perf_counter()
                page.keyboard.press("ArrowRight" if i % 2 else "ArrowLeft")
                page.wait_for_function(
                    "before => document.querySelector(\"img[alt='Face']\").src !== before",
                    arg=before,
                )
                times.append(1000 * (time.perf_counter() - began))
                page.wait_for_timeout(200)
            page.close()
    times.sort()
    return f"  0.0 pictures/s   release to picture p50 {times[7]:.0f} ms, p95 {times[13]:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--runs", nargs="+", default=["anime-faces"])
    parser.add_argument("--training", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium(playwright)
        beside = Run(Path(folder) / "beside")
        if arguments.training:
            start_training(beside, {"train.epochs": "1000"})
        for name in arguments.runs:
            root = Path(folder) / f"root-{name}"
            shutil.copytree(arguments.root / name, root / name)
            with served(ROOT / "app.py", root) as url:
                print(f"{name:<14} socket            {live(browser, url, False)}", flush=True)
                print(f"{name:<14} socket blocked    {live(browser, url, True)}", flush=True)
            print(f"{name:<14} st.slider         {release(browser, Run(root / name))}", flush=True)
        if arguments.training:
            beside.request("stop")
            while beside.is_locked():
                time.sleep(0.1)
        browser.close()


if __name__ == "__main__":
    main()
