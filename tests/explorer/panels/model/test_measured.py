"""Samples and the evaluation in the panel Model, and the processes that make them."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import vae
from explorer.components import job_button
from explorer.panels.model.measured import evaluation_table, samples
from explorer.state import handover, keys
from explorer.state.session import Session
from tests.explorer.pages import PAGE
from vae.commands.parser import main
from vae.evaluation.evaluate import kept_evaluation
from vae.runs.folder import Run


@pytest.fixture
def root(trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny run, neither evaluated nor sampled from."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    for name in ("evaluation.json", "samplers.npz"):
        (tmp_path / "tiny" / name).unlink(missing_ok=True)
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def evaluated(root: Path) -> Path:
    assert main(["evaluate", "tiny", "--root", str(root), "--frechet_num", "4"]) == 0
    return root


def page() -> AppTest:
    at = AppTest.from_file(PAGE, default_timeout=30)
    at.session_state["panel"] = "Model"
    at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error", "html")
    return "\n".join(
        str(getattr(element, "value", None) or element.proto.body)
        for kind in kinds
        for element in at.main.get(kind)
    )


def buttons(at: AppTest) -> set[str]:
    return {button.label for button in at.main.button}


def test_before_an_evaluation_there_is_a_button_and_what_it_does(root: Path) -> None:
    at = page()
    assert "Evaluate" in buttons(at)
    assert "Find the nearest training images" in buttons(at)
    assert "not made yet" in texts(at)
    sampler = at.segmented_control(key="sample_prior:tiny")
    assert (list(sampler.options), sampler.value) == (["Flow", "Prior N(0, I)"], "flow")
    assert "nats more probable than under N(0, I)" in texts(at)


def test_without_a_flow_samples_are_of_the_prior(root: Path) -> None:
    Run(root / "tiny").flow_file.unlink()
    sampler = page().segmented_control(key="sample_prior:tiny")
    assert sampler.disabled
    assert sampler.value == "normal"


def test_a_flow_that_comes_is_used_unless_it_was_turned_down(root: Path) -> None:
    at = page()
    before = (root / "tiny" / "flow.safetensors").read_bytes()
    Run(root / "tiny").flow_file.unlink()
    at.run()
    assert at.segmented_control(key="sample_prior:tiny").value == "normal"
    (root / "tiny" / "flow.safetensors").write_bytes(before)
    assert at.session_state["sample_controls:tiny"][0] == ""
    at = page()
    at.segmented_control(key="sample_prior:tiny").set_value("normal").run()
    assert at.session_state["sample_controls:tiny"][0] == "normal"


def test_a_flow_that_is_missing_can_be_fitted(evaluated: Path) -> None:
    """Of a run from before there were flows."""
    assert "Fit a flow to the codes" not in buttons(page())
    Run(evaluated / "tiny").flow_file.unlink()
    assert "Fit a flow to the codes" in buttons(page())


def test_the_evaluation_is_shown_with_errors_and_units(evaluated: Path) -> None:
    at = page()
    said, result = texts(at), kept_evaluation(Run(evaluated / "tiny"))
    assert result is not None
    assert "Evaluate again" in buttons(at)
    for name in (
        "elbo",
        "elbo, flow",
        "bound",
        "Mutual information",
        "MIG",
        "Frechet, mixture",
        "Frechet, flow",
        "psnr",
    ):
        assert f"<td>{name}</td>" in said, name
    assert f"{result['psnr']:.2f}" in said
    assert "random-conv-v1" in said
    assert f"Image {result['worst'][0]}:" in said
    assert "Reconstruction of image" in said
    factors = next(e for e in at.main.expander if e.label == "How well each factor is read")
    assert factors.table[0].value.shape[0] == len(result["factors"])
    assert "this evaluation is of step" not in said


def test_an_evaluation_of_older_weights_says_so(evaluated: Path) -> None:
    file = evaluated / "tiny" / "evaluation.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"digest": "older", "step": 3}))
    assert "this evaluation is of step 3" in texts(page())


def test_a_result_without_the_newer_measures_is_shown(root: Path) -> None:
    """A file of another version may lack some of them."""
    few = {"elbo": -5.0, "nll": 4.0, "kl": 1.0, "bits_per_dim": 1.0, "psnr": 20.0, "ssim": 0.5}
    few |= {"mse": 0.01, "active_units": 2, "latent_dim": 6, "num_images": 6, "step": 8}
    (root / "tiny" / "evaluation.json").write_text(json.dumps(few))
    assert "<td>elbo</td>" in texts(page())


def test_errors_are_written_to_their_own_second_digit() -> None:
    shown = evaluation_table.number({"elbo": 18234.4539, "elbo_se": 31.5}, "elbo")
    assert shown == "18,234 <small>± 32</small>"
    assert evaluation_table.number({"kl": 159.674, "kl_se": 0.257}, "kl").startswith("159.67 ")
    assert evaluation_table.number({"bits": 5.85915}, "bits", 4) == "5.859"


def test_samples_change_with_the_seed_and_shrink_with_the_temperature(evaluated: Path) -> None:
    at = page()
    assert not at.segmented_control(key="sample_prior:tiny").disabled
    assert "training images" in texts(at)
    at.segmented_control(key="sample_prior:tiny").set_value("mixture").run()
    at.slider(key="sample_temperature:tiny").set_value(0.5).run()
    at.number_input(key="sample_seed:tiny").set_value(7).run()
    assert not at.exception
    assert at.session_state["sample_controls:tiny"] == ("mixture", 0.5, 7)


def test_a_clicked_sample_goes_to_sliders(evaluated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, object] = {}
    monkeypatch.setattr(samples.st, "session_state", state)
    session = Session(evaluated, Run(evaluated / "tiny"))
    z = np.random.default_rng(0).standard_normal((12, 6)).astype(np.float32)
    state["sample_cards:tiny"] = {"picked": {"sample": 2, "turn": "older", "number": 1}}
    samples.open_clicked(session, z, "newer")
    assert handover.pop_point(session) is None
    for wrong in (99, -1, "2", None):
        state["sample_cards:tiny"] = {"picked": {"sample": wrong, "turn": "newer"}}
        samples.open_clicked(session, z, "newer")
        assert handover.pop_point(session) is None
    state["sample_cards:tiny"] = {"picked": {"sample": 2, "turn": "newer", "number": 1}}
    samples.open_clicked(session, z, "newer")
    assert handover.pop_point(session) == handover.Point(tuple(z[2].tolist()))
    keys.apply_asked()
    assert handover.PANEL.get() == "Sliders"


def test_a_mixture_of_older_weights_is_not_sampled(evaluated: Path) -> None:
    _, weights = vae.load(evaluated / "tiny")
    run = Run(evaluated / "tiny")
    assert samples._known(run, weights) is not None
    older = weights.__class__(**{**vars(weights), "digest": "another"})
    assert samples._known(run, older) is None
    run.samplers_file.write_bytes(b"broken")
    assert samples._known(run, weights) is None


def test_work_is_read_from_the_log(tmp_path: Path) -> None:
    log, out = tmp_path / "evaluation.log", tmp_path / "evaluation.json"
    assert job_button.work_of(log, out, time.time()).state == "none"
    log.write_text("evaluate 25/100\n")
    now = job_button.work_of(log, out, time.time())
    assert (now.state, now.part, now.message) == ("working", 0.25, "Measuring: 25 of 100")
    os.utime(log, (0, time.time() - 200))
    assert job_button.work_of(log, out, time.time()).state == "failed"
    log.write_text(f"elbo 5\n{out}\n")
    os.utime(log, (0, time.time() - 200))
    assert (
        job_button.work_of(log, out, time.time()).state == "failed"
    )  # it says so, but there is none
    out.write_text("{}")
    assert job_button.work_of(log, out, time.time()).state == "done"
