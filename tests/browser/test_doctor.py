"""The doctor in a real browser: one press, and a run trains on with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.driver import TRAINING_PATIENCE, Server, require_chromium, show_panel, wait_until
from vae.commands.parser import main
from vae.runs import processes
from vae.runs.events import last_event
from vae.runs.folder import Run

pytestmark = pytest.mark.browser

require_chromium()

from playwright.sync_api import Page, expect  # noqa: E402

TINY = {
    "data.num_images": "60",
    "data.image_size": "32",
    "model.channels": "4,8,8,8,8",
    "model.latent_dim": "6",
    "train.batch_size": "16",
    "train.beta": "5000",
}


def beta_of(run: Run) -> float:
    return float(last_event(run.events(), "step").get("beta", -1))


def press_the_remedy(page: Page, server: Server, run: str) -> None:
    page.goto(f"{server.url}/?run={run}")
    show_panel(page, "Model")
    expect(page.get_by_text("Posterior collapse").first).to_be_visible()
    page.get_by_role("button", name="Set beta to 1").click()


def test_a_collapsed_run_in_training_goes_on_with_the_remedy(
    page: Page, server: Server, root: Path
) -> None:
    run = Run(root / "collapsing")
    processes.start_training(run, TINY | {"train.epochs": "100000", "train.checkpoint_every": "40"})
    wait_until(
        lambda: last_event(run.events(), "eval").get("step", 0) > 200,
        "it is collapsed",
        TRAINING_PATIENCE,
    )
    press_the_remedy(page, server, "collapsing")
    wait_until(lambda: beta_of(run) == 1, "it trains on with the remedy", TRAINING_PATIENCE)
    assert run.status() == "running"
    starts = [event for event in run.events() if event["kind"] == "start"]
    assert [start["train.beta"] for start in starts] == [5000, 1]
    expect(page.get_by_role("img", name="Reconstructions")).to_be_visible()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("running").first).to_be_visible()
    sidebar.get_by_role("button", name="Stop").click()
    wait_until(lambda: run.status() == "stopped", "it is stopped", TRAINING_PATIENCE)


def test_a_finished_run_is_left_as_it_is_and_a_new_one_begins_with_its_weights(
    page: Page, server: Server, root: Path
) -> None:
    flags = [f"--{name}={value}" for name, value in TINY.items()]
    assert main(["train", "spoilt", "--root", str(root), "--train.epochs=60", *flags]) == 0
    before = Run(root / "spoilt").events_file.read_bytes()
    press_the_remedy(page, server, "spoilt")
    run = Run(root / "spoilt-2")
    wait_until(lambda: beta_of(run) == 1, "the new run trains with the remedy", TRAINING_PATIENCE)
    notes = [event["text"] for event in run.events() if event["kind"] == "note"]
    assert notes == ["Started from the weights of run spoilt, step 240."]
    assert Run(root / "spoilt").events_file.read_bytes() == before
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("combobox").first).to_have_value("spoilt-2")
    wait_until(lambda: run.status() == "finished", "it has finished", TRAINING_PATIENCE)
