"""Model explains the objective in the numbers of the run, and what is wrong with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from explorer.panels.model.theory import rate_distortion
from explorer.panels.model.theory.equations import equivalent_beta, equivalent_sigma
from explorer.panels.model.theory.gradient_estimators import bars, powered
from tests.explorer.pages import open_panel, texts
from tests.vae.doctor.evaluations import evaluation
from vae.config import with_values
from vae.runs.config_file import to_document
from vae.runs.events import last_event
from vae.runs.folder import Run


def test_model_explains_the_objective_in_the_numbers_of_the_run(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Model", monkeypatch)
    figures = {metric.label: metric.value for metric in at.metric}
    events = [
        json.loads(line)
        for line in (trained_root / "tiny" / "events.jsonl").read_text().splitlines()
    ]
    evaluation = [event for event in events if event["kind"] == "eval"][-1]
    assert figures["elbo, nats per image"] == f"{evaluation['elbo']:,.1f}"
    assert figures["Implied sigma, grey levels"] == f"{evaluation['sigma'] * 255:.1f}"
    assert figures["Effective beta"] == "1"
    said = texts(at)
    assert f"{evaluation['active_units']} of 6 latent dimensions are active" in said
    assert "P = 3,072" in said


def test_model_reports_failure_and_steps_passed_over(
    failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = texts(open_panel(failed_root, "Model", monkeypatch))
    assert "the disk is full" in said
    assert "1 step was skipped" in said


def test_a_kl_weight_beside_a_mean_squared_error_is_beta_times_the_pixels() -> None:
    num_pixels, weight, squared, kl = 3 * 64 * 64, 0.00025, 91.7, 23.1
    beta, sigma = equivalent_beta(weight, num_pixels), equivalent_sigma(weight, num_pixels)
    assert beta == pytest.approx(3.072)
    mean_loss = squared / num_pixels + weight * kl
    half = squared / (2 * 0.5) + beta * kl  # a Gaussian of sigma^2 = 1/2
    assert half == pytest.approx(num_pixels * mean_loss)
    unit = squared / (2 * sigma**2) + kl  # beta 1
    assert unit * 2 * sigma**2 == pytest.approx(num_pixels * mean_loss)


def test_a_collapsed_run_offers_its_remedies_and_says_what_they_do(
    trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    run = Run(tmp_path / "tiny")
    options = {"train.beta": 500.0}
    run.config_file.write_text(json.dumps(to_document(with_values(run.config(), options))))
    events = [event | (options if event["kind"] == "start" else {}) for event in run.events()]
    events.append(evaluation(900, 300.0, [0.001] * 6, 0, sigma=0.2, bits_per_dim=7.0))
    run.events_file.write_text("".join(json.dumps(event) + "\n" for event in events))
    at = open_panel(tmp_path, "Model", monkeypatch)
    assert "0.01 nats and 0 of 6 dimensions are active" in at.main.error[0].value
    assert "Beta is 500" in at.main.error[0].value
    remedies = [button for button in at.main.button if str(button.key).startswith("remedy_0")]
    assert [button.label for button in remedies] == ["Set beta to 1", "Restart with a warm-up"]
    assert remedies[0].help == (
        "A new run, tiny-2, starts with this run's weights and `train.beta 1.0`."
    )
    assert "fresh weights" in remedies[1].help
    assert "Nothing is wrong" not in texts(at)


def test_the_estimators_are_measured_on_the_model_that_is_shown(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Model", monkeypatch)
    at.button("model_measure").click().run()
    assert not at.exception
    assert "Measured at step 8: one sample of the score function has" in texts(at)
    table = next(table.value for table in at.main.table if "Variance" in table.value)
    assert list(table["Estimator"]) == ["analytic KL", "generic, all sampled", "score function"]
    measured, step = at.session_state["estimates:tiny"]
    assert step == 8
    assert measured[2].variance > measured[0].variance
    spec = bars(measured)
    shown = [10**power for power in spec["series"][0]["data"]]
    assert shown == pytest.approx([each.variance for each in measured], rel=2e-3)
    assert spec["xAxis"]["min"] < min(spec["series"][0]["data"]) < spec["xAxis"]["max"]


@pytest.mark.parametrize(
    ("value", "text"), [(2.68e15, "2.7 · 10¹⁵"), (41.4, "41"), (1.5, "1.5"), (2e-7, "2.0 · 10⁻⁷")]
)
def test_numbers_of_any_size_are_written_as_people_do(value: float, text: str) -> None:
    assert powered(value) == text


def test_the_plane_shows_what_can_be_compared_and_says_why_not_the_rest(
    trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(name: str, values: dict[str, object]) -> Run:
        shutil.copytree(trained_root / "tiny", tmp_path / name)
        run = Run(tmp_path / name)
        run.config_file.write_text(json.dumps(to_document(with_values(run.config(), values))))
        return run

    own, like = copy("own", {}), copy("like", {"train.seed": 5})
    copy("laplace", {"model.likelihood": "laplace"})
    copy("larger", {"data.image_size": 48})
    runs = [(run, run.events()) for run in map(Run, sorted(tmp_path.iterdir()))]
    runs = [(run, [e for e in events if e["kind"] == "eval"]) for run, events in runs]
    shown, apart = rate_distortion.places(own, own.config(), runs)
    assert [place.name for place in shown] == ["like", "own"]
    assert shown[-1].is_own
    assert apart == {
        "laplace": "another likelihood (laplace)",
        "larger": "other images (image size)",
    }
    newest = last_event(own.events(), "eval")
    assert shown[-1].trail[-1] == (newest["kl"], newest["nll"])
    spec = rate_distortion.spec(shown)
    dot = next(s for s in spec["series"] if s["type"] == "scatter" and s["name"] == "own")
    assert dot["data"] == [pytest.approx([newest["kl"], newest["nll"]], abs=1e-3)]
    for line in (s for s in spec["series"] if s.get("endLabel")):
        elbo = float(line["endLabel"]["formatter"].removeprefix("elbo ").replace(",", ""))
        assert [-(rate + nll) for rate, nll in line["data"]] == pytest.approx([elbo] * 2, abs=0.51)
    json.dumps(spec, allow_nan=False)
    assert like.name in json.dumps(spec)
    said = texts(open_panel(tmp_path, "Model", monkeypatch, "own"))
    assert (
        "cannot be compared with these: laplace: another likelihood (laplace); larger: other images"
        in said
    )


def test_one_run_alone_has_a_plane_of_its_own() -> None:
    spec = rate_distortion.spec([rate_distortion.Place("a", [(10.0, -500.0)], True)])
    assert spec["xAxis"]["min"] < 10 < spec["xAxis"]["max"]
    assert spec["yAxis"]["min"] < -500 < spec["yAxis"]["max"]
    assert any(series.get("endLabel") for series in spec["series"])


@pytest.mark.parametrize(
    ("options", "beta", "words"),
    [
        ({"train.objective": "autoencoder"}, "0", "plain autoencoder"),
        ({"train.objective": "beta_tc", "train.beta": 6.0}, "6", "total correlation"),
        ({"train.capacity": 9.0, "train.beta": 5.0}, "5", "distance of kl from 9 nats"),
        ({"train.free_bits": 0.25}, "1", "first 0.25 nats"),
    ],
)
def test_model_says_what_another_objective_weighs(
    trained_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
    beta: str,
    words: str,
) -> None:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    run = Run(tmp_path / "tiny")
    run.config_file.write_text(json.dumps(to_document(with_values(run.config(), options))))
    lines = run.events_file.read_text().splitlines()
    events = [json.loads(line) for line in lines]
    own = {"start": options, "step": {"beta": float(beta)}}
    changed = [event | own.get(event["kind"], {}) for event in events]
    run.events_file.write_text("".join(json.dumps(event) + "\n" for event in changed))
    at = open_panel(tmp_path, "Model", monkeypatch)
    assert {metric.label: metric.value for metric in at.metric}["Effective beta"] == beta
    said = texts(at) + "\n".join(caption.value for caption in at.caption)
    assert words in said
    assert "In the warm-up now" not in said
    is_plain = options.get("train.objective") == "autoencoder"
    assert ("A plain autoencoder:** nothing pulls" in said) == is_plain
