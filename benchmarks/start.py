"""How long a newcomer waits: from the server's first answer to a face, from Start to a picture.

    python -m benchmarks.start [--repeats 3]

Prints medians in seconds. Real server, real Chromium, a copy of the shipped run in a new folder.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.serving import FACE, ROOT, SHIPPED, chromium, served
from vae.runs.folder import Run

FIRST_PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) done(entry.startTime);
}).observe({type: "paint", buffered: true}))"""


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "runs"
        shutil.copytree(SHIPPED, root / SHIPPED.name)
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        with served(ROOT / "app.py", root) as url:
            answered = time.perf_counter()
            page.goto(url, wait_until="commit")
            page.locator("#first-paint img").wait_for()
            skeleton = time.perf_counter()
            page.get_by_role("tab", name="Sliders").wait_for()
            painted = time.perf_counter()
            page.locator(FACE).first.wait_for(timeout=60_000)
            face = time.perf_counter()
            page.get_by_role("button", name=re.compile("Start")).first.click()
            pressed = time.perf_counter()
            page.get_by_label("Samples").first.wait_for(timeout=120_000)
            live = time.perf_counter()
            cold = page.evaluate(FIRST_PAINT)
            page.goto(url)
            warm = page.evaluate(FIRST_PAINT)
            for run in map(Run, root.iterdir()):
                if run.is_locked():
                    run.request("stop")
                    while run.is_locked():
                        time.sleep(0.1)
        browser.close()
    return {
        "process to first answer": answered - began,
        "first answer to first face": skeleton - answered,
        "first paint, as the browser has it": cold / 1000,
        "first paint, the second time": warm / 1000,
        "first answer to page frame": painted - answered,
        "first answer to face": face - answered,
        "Start to first live picture": live - pressed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    rows = [measure() for _ in range(parser.parse_args().repeats)]
    for name in rows[0]:
        values = [row[name] for row in rows]
        spread = f"{min(values):.2f} to {max(values):.2f}"
        print(f"{name:<36} {statistics.median(values):6.2f} s   ({spread})")


if __name__ == "__main__":
    main()
