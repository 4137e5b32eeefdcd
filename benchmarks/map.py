"""How fast a large map is: points of the latent space in Chromium, ours and `st.plotly_chart`.

    python -m benchmarks.map [--points 10000 100000 500000] [--plotly 10000 100000] [--repeats 20]

A copy of the shipped run is given a map of as many points: its own posterior means, repeated with
noise, each the mean of a synthetic image that is drawn when it is pointed at. For each number, by
opening the panel, pointing and clicking: bytes sent to the browser, seconds until the points are
there, milliseconds from the pointer to the face beside it, and from the click to the image with its
reconstruction in the page (p50, p95). Beside it Plotly's scattergl with `on_select` on the same
points, which shows the same two pictures on a click and none while one points.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.serving import ROOT, served
from vae.latent.encoding import load_latents
from vae.latent.projection import pca

SHIPPED = ROOT / "checkpoints" / "anime-faces"
PATIENCE = 120_000  # milliseconds to wait at most
# WebGL without a graphics card, for Plotly.
ARGUMENTS = ["--headless=new", "--no-sandbox", "--enable-unsafe-swiftshader", "--use-gl=angle",
             "--use-angle=swiftshader", "--disable-background-networking"]  # fmt: skip

PLOTLY = """
import sys
import numpy as np
import plotly.graph_objects as go
import streamlit as st
from pathlib import Path
sys.path.insert(0, {root!r})
from explorer import images
from vae.model.checkpoints import load_model
from vae.data.dataset import open_dataset
from vae.latent.encoding import load_latents
from vae.runs.folder import Run, data_cache

st.set_page_config(layout="wide")
run = Run(Path({run!r}))

@st.cache_resource
def everything():
    latents = load_latents(run.maps / "pca.npz")
    dataset = open_dataset(run.config().data, data_cache(run.folder.parent))
    return latents, dataset, load_model(run)[0]

if not st.toggle("Show"):
    st.stop()
latents, dataset, model = everything()
left, right = st.columns([8, 5])
colour = np.asarray(dataset.attributes["hair_style"])[latents.index]
marks = dict(size=4, color=colour)
points = go.Scattergl(x=latents.xy[:, 0], y=latents.xy[:, 1], mode="markers", marker=marks)
layout = go.Layout(height=560, margin=dict(l=0, r=0, t=0, b=0), clickmode="event+select")
with left:
    chosen = st.plotly_chart(go.Figure(points, layout), on_select="rerun", key="plot")
with right:
    rows = chosen.selection.point_indices
    if rows:
        image = int(latents.index[rows[0]])
        pixels = dataset.take(np.array([image]))
        pair = images.decode(model, images.encode(model, pixels))
        st.markdown(f"**Image {{image}}**")
        st.image(images.address(pixels[0], 200), width=200)
        st.image(images.address(pair[0], 200), width=200)
"""

# Where the clock is read: in the page, at the event and at the first frame that shows its effect.
CLOCK = """
() => {
  for (const name of ["pointermove", "pointerup"]) {
    window.addEventListener(name, () => { window[name + "At"] = performance.now(); }, true);
  }
  window.until = (isDone, since) => new Promise((done) => {
    const look = () => isDone()
      ? requestAnimationFrame(() => done(performance.now() - window[since]))
      : requestAnimationFrame(look);
    look();
  });
}
"""
SHOWS = """
(image) => window.until(
  () => [...document.querySelectorAll("strong")].some((one) =>
    one.textContent === `Image ${image}`),
  "pointerupAt",
)
"""


def run_of(folder: Path, num: int) -> Path:
    """A copy of the shipped run with a map of `num` points."""
    run = folder / f"points-{num}" / SHIPPED.name
    shutil.copytree(SHIPPED, run, ignore=shutil.ignore_patterns("maps", "previews"))
    config = json.loads((run / "config.json").read_text())
    config["data"]["num_images"] = num
    (run / "config.json").write_text(json.dumps(config))
    known = load_latents(SHIPPED / "latents.npz")
    draw = np.random.default_rng(0)
    rows = np.arange(num) % len(known.mu)
    mu = known.mu[rows] + 0.2 * draw.standard_normal((num, known.mu.shape[1]), np.float32)
    (run / "maps").mkdir()
    np.savez(
        run / "maps" / "pca.npz",
        index=np.arange(num),
        mu=mu,
        logvar=known.logvar[rows],
        mse=known.mse[rows],
        step=known.step,
        xy=pca(mu),
    )
    return run


class Traffic:
    """Bytes that a page is sent, but for scripts and styles."""

    def __init__(self, page: Page) -> None:
        self.total = 0
        page.on("response", lambda answer: self._add(answer.headers.get("content-length", "0"),
                                                     answer.request.resource_type))  # fmt: skip
        page.on("websocket", lambda one: one.on("framereceived", self._frame))

    def _add(self, length: str, kind: str) -> None:
        if kind in ("fetch", "xhr", "image"):
            self.total += int(length)

    def _frame(self, payload: str | bytes) -> None:
        self.total += len(payload)


def words(times: Sequence[float]) -> str:
    ordered = sorted(times)
    at = [ordered[min(len(ordered) - 1, int(part * len(ordered)))] for part in (0.5, 0.95)]
    return f"p50 {at[0]:5.0f} ms, p95 {at[1]:5.0f} ms"


def ours(browser: Browser, url: str, num: int, repeats: int) -> str:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    traffic = Traffic(page)
    page.goto(url)
    page.get_by_role("tab", name="Sliders").click()
    page.locator("canvas[aria-label='Face'][data-frame]").wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)
    page.evaluate(CLOCK)
    before, began = traffic.total, time.perf_counter()
    page.get_by_role("tab", name="Map").click()
    canvas = page.locator(f"canvas[aria-label='Map'][data-points='{num}']")
    canvas.wait_for(timeout=PATIENCE)
    ready = time.perf_counter() - began
    page.wait_for_timeout(3000)
    sent = traffic.total - before
    hovers, clicks = [], []
    draw = np.random.default_rng(1)
    while len(clicks) < repeats:
        image, taken = pointed(page, canvas, draw)
        hovers.append(taken)
        page.mouse.down()
        page.mouse.up()
        clicks.append(page.evaluate(SHOWS, image))
        page.wait_for_timeout(600)
    page.close()
    return (
        f"{sent / 1e6:6.2f} MB   ready {ready:5.2f} s   face {words(hovers)}   "
        f"click {words(clicks)}"
    )


def pointed(page: Page, canvas: Locator, draw: np.random.Generator) -> tuple[str, float]:
    """Point at another image of the map. Returns it, and the milliseconds until its face shows."""
    box = canvas.bounding_box()
    assert box is not None
    last = canvas.get_attribute("data-hovered"), canvas.get_attribute("data-selected")
    while True:
        x, y = draw.normal(0.5, 0.12, 2).clip(0.15, 0.85)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        image = canvas.get_attribute("data-hovered")
        if not image or image in last:
            page.wait_for_timeout(50)
            continue
        taken = canvas.evaluate(
            """(canvas) => {
              const card = canvas.getRootNode().querySelector(".card");
              const isShown = () => card.dataset.face === canvas.dataset.hovered;
              return window.until(isShown, "pointermoveAt");
            }"""
        )
        return image, float(taken)


def plotly(browser: Browser, url: str, repeats: int) -> str:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    traffic = Traffic(page)
    page.goto(url)
    page.get_by_text("Show").wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)
    before, began = traffic.total, time.perf_counter()
    page.get_by_text("Show").click()
    page.locator(".js-plotly-plot .gl-container canvas").first.wait_for(timeout=PATIENCE)
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')?._fullData?.[0]?.x?.length",
        timeout=PATIENCE,
    )
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    ready = time.perf_counter() - began
    page.wait_for_timeout(3000)
    sent = traffic.total - before
    page.evaluate(CLOCK)
    clicks: list[float] = []
    draw = np.random.default_rng(1)
    while len(clicks) < repeats:
        # On a point of the plot; what it chooses is what the page then shows.
        x, y = page.evaluate(
            """(part) => {
              const plot = document.querySelector(".js-plotly-plot");
              const { x, y } = plot._fullData[0];
              const { xaxis, yaxis } = plot._fullLayout;
              const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
              const row = Math.floor(part * x.length);
              return [box.left + xaxis.l2p(x[row]), box.top + yaxis.l2p(y[row])];
            }""",
            float(draw.random()),
        )
        shown = page.locator("strong").all_inner_texts()
        page.mouse.move(x, y)
        page.wait_for_timeout(300)
        page.mouse.down()
        page.mouse.up()
        try:
            taken = page.evaluate(
                """(shown) => Promise.race([
                  window.until(() => [...document.querySelectorAll("strong")].some((one) =>
                    one.textContent.startsWith("Image") && !shown.includes(one.textContent)),
                    "pointerupAt"),
                  new Promise((done) => setTimeout(() => done(null), 30000)),
                ])""",
                shown,
            )
        finally:
            page.wait_for_timeout(600)
        if taken is not None:
            clicks.append(float(taken))
    page.close()
    return (
        f"{sent / 1e6:6.2f} MB   ready {ready:5.2f} s   face never                    "
        f"click {words(clicks)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", nargs="*", type=int, default=[10_000, 100_000, 500_000])
    parser.add_argument("--plotly", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        for num in sorted({*arguments.points, *arguments.plotly}):
            run = run_of(folder, num)
            if num in arguments.points:
                with served(ROOT / "app.py", run.parent) as url:
                    print(
                        f"{num:>7,} ours    {ours(browser, url, num, arguments.repeats)}",
                        flush=True,
                    )
            if num in arguments.plotly:
                script = folder / f"plotly-{num}.py"
                script.write_text(PLOTLY.format(root=str(ROOT), run=str(run)))
                with served(script, run.parent) as url:
                    print(
                        f"{num:>7,} plotly  {plotly(browser, url, arguments.repeats)}", flush=True
                    )
            shutil.rmtree(run.parent)
        browser.close()


if __name__ == "__main__":
    main()
