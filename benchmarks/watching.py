"""What it costs a training to be watched: with no page open and with three, in turns.

    python -m benchmarks.watching [--pages 3] [--rounds 5] [--seconds 20]

A training run of 64-pixel faces, a server of ours, and pages in Chromium that show Live, all on
this machine, so that the pages' own drawing is in it too. Images a second by the steps that the
run's events tell of; then the drag of a slider beside it, as `benchmarks.drag` measures it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.drag import live
from benchmarks.serving import ROOT, SHIPPED, chromium, served
from vae.runs.events import last_event
from vae.runs.folder import Run
from vae.runs.processes import start_training

BATCH = 64
SETTLE = 15.0  # seconds after pages were opened or closed, for what they load


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="of a turn")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        shutil.copytree(SHIPPED, root / SHIPPED.name)
        run = Run(root / "watched")
        options = {"data.num_images": "10000", "train.epochs": "1000"}
        start_training(run, options | {"train.batch_size": str(BATCH)})
        browser = chromium(playwright)
        try:
            with served(ROOT / "app.py", root) as url:
                alone, watched = [], []
                for _ in range(arguments.rounds):
                    alone.append(images_per_second(run, arguments.seconds))
                    pages = [browser.new_page() for _ in range(arguments.pages)]
                    for page in pages:
                        page.goto(f"{url}/?run={run.name}&panel=Live")
                        page.get_by_label("Samples").first.wait_for(timeout=60_000)
                    watched.append(images_per_second(run, arguments.seconds))
                    for page in pages:
                        page.close()
                print(f"no page      {told(alone)}")
                print(f"{arguments.pages} pages      {told(watched)}")
                shares = [w / a for w, a in zip(watched, alone, strict=True)]
                print(f"watched / alone   {told(shares, 2)}")
                print(f"drag beside it    {live(browser, url, is_blocked=False)}")
        finally:
            run.request("stop")
            while run.is_locked():
                time.sleep(0.1)
            browser.close()


def images_per_second(run: Run, seconds: float) -> float:
    """Of the training, over so long from a little later on."""
    time.sleep(SETTLE)
    before = last_event(run.events(), "step")
    time.sleep(seconds)
    after = last_event(run.events(), "step")
    return float((after["step"] - before["step"]) * BATCH / (after["time"] - before["time"]))


def told(values: list[float], digits: int = 0) -> str:
    """The median and the range."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
