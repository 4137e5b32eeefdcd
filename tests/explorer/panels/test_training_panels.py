"""The panels Live, Animation and Model say the right thing about every state of a run."""

from __future__ import annotations

import json
import math
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from explorer.drawing import charts
from explorer.panels.animation import downloads
from explorer.panels.animation.frames import frame_events, payload
from explorer.panels.live.panel import duration, seconds_left
from explorer.panels.model.networks import layers, short
from explorer.panels.model.theory import rate_distortion
from explorer.panels.model.theory.equations import equivalent_beta, equivalent_sigma
from explorer.panels.model.theory.gradient_estimators import bars, powered
from explorer.state.session import Session
from tests.explorer.pages import PAGE
from vae import pictures
from vae.config import Config, ModelConfig, with_values
from vae.doctor.diagnose import findings
from vae.option_choices import NETWORKS
from vae.runs.config_file import to_document
from vae.runs.events import last_event
from vae.runs.folder import Run

PANELS = ("Live", "Animation", "Model")


def open_panel(
    root: Path, panel: str, monkeypatch: pytest.MonkeyPatch, run: str | None = None
) -> AppTest:
    """The page with that panel open, run once; nothing on it may have failed."""
    monkeypatch.setenv("VAE_ROOT", str(root))
    at = AppTest.from_file(PAGE, default_timeout=20)
    at.session_state["panel"] = panel
    if run is not None:
        at.session_state["run"] = run
    at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    """All that is written in the main part of the page."""
    kinds = ("markdown", "caption", "info", "warning", "error", "latex")
    lines = [element.value for kind in kinds for element in at.main.get(kind)]
    return "\n".join(map(str, [*lines, *[f"{m.label}: {m.value}" for m in at.metric]]))


def pictures_of(at: AppTest) -> dict[str, str]:
    """The address of each picture in the main part of the page, by its label."""
    shown = [image.proto.imgs[0] for image in at.main.get("image")]
    return {image.alt: image.url for image in shown}


@pytest.fixture
def failed_root(trained_root: Path, tmp_path: Path) -> Path:
    """The tiny run, whose last start failed."""
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    events = tmp_path / "tiny" / "events.jsonl"
    lines = [line for line in events.read_text().splitlines() if '"kind": "end"' not in line]
    note = {"kind": "note", "time": 1e9, "step": 5, "text": "the gradient was not finite."}
    end = {"kind": "end", "time": 1e9, "step": 8, "status": "failed", "reason": "the disk is full"}
    events.write_text("\n".join([*lines, json.dumps(note), json.dumps(end), ""]))
    return tmp_path


@pytest.mark.parametrize("panel", PANELS)
def test_without_a_run_a_panel_says_how_to_begin(
    panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Start training" in texts(open_panel(tmp_path, panel, monkeypatch))


@pytest.mark.parametrize(
    ("panel", "text"),
    [
        ("Live", "Training was interrupted"),
        ("Animation", "No pictures yet"),
        ("Model", "after 20 steps"),
    ],
)
def test_a_run_without_events_is_told_apart_from_no_run(
    panel: str, text: str, trained_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copy(trained_root / "tiny" / "config.json", tmp_path / "empty")
    assert text in texts(open_panel(tmp_path, panel, monkeypatch))


def test_live_shows_figures_pictures_and_curves(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Live", monkeypatch)
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures["Status"] == "finished"
    assert figures["Epoch"] == "2 of 2"
    assert "Time trained" in figures
    alts = list(pictures_of(at))
    assert alts == ["Reconstructions", "Samples"]
    assert len(at.get("echarts_chart")) == 4


def test_live_looks_back_when_scrubbed_and_follows_again_at_the_end(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Live", monkeypatch)
    scrubber = at.select_slider[0]
    newest = scrubber.value
    newest_url = pictures_of(at)["Samples"]
    scrubber.set_value(2).run()
    assert at.select_slider[0].value == 2
    assert pictures_of(at)["Samples"] != newest_url
    at.select_slider[0].set_value(newest).run()
    assert pictures_of(at)["Samples"] == newest_url
    assert at.session_state["live_held:tiny"] is None


def test_live_tells_why_a_run_failed_and_what_to_do(
    failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = texts(open_panel(failed_root, "Live", monkeypatch))
    assert "the disk is full" in said
    assert "Resume" in said


def test_live_outlives_previews_that_were_removed(
    failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(failed_root / "tiny" / "previews")
    assert "no longer on disk" in texts(open_panel(failed_root, "Live", monkeypatch))


@pytest.mark.parametrize("panel", ["Live", "Model"])
def test_an_evaluation_that_was_not_finite_breaks_nothing(
    panel: str, failed_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log leaves out numbers that are not finite, so that the terms are missing."""
    events = failed_root / "tiny" / "events.jsonl"
    broken = {"kind": "eval", "time": 1e9, "step": 8, "epoch": 2, "active_units": 0}
    events.write_text(events.read_text() + json.dumps(broken) + "\n")
    assert "elbo" in texts(open_panel(failed_root, panel, monkeypatch))


def test_the_animation_goes_from_the_first_step_to_the_last(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Animation", monkeypatch)
    assert "decoded from step 0 to step 8" in texts(at)
    keys = [element.key for element in at.get("bidi_component")]
    assert keys.count("training_animation") == 1
    assert [b.proto.label for b in at.get("download_button")] == ["GIF", "WebP", "MP4"]


def test_the_player_gets_every_picture_in_true_colours(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(trained_root / "tiny")
    frames = frame_events(Session(trained_root, run))
    data = payload(run.folder, frames)
    size = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + size])
    assert [item["step"] for item in header] == list(range(9))
    assert len(data) == 4 + size + sum(item["num_bytes"] for item in header)
    assert {(item["columns"], item["side"]) for item in header} == {(8, 32)}


def test_packed_cells_keep_their_colours_and_lose_their_gaps() -> None:
    colours = np.array([[220, 30, 40], [30, 200, 60], [40, 60, 210]], np.uint8)
    images = np.broadcast_to(colours[:, None, None], (3, 16, 16, 3))
    sheet = pictures.grid(np.tile(images, (2, 1, 1, 1)), 3)
    data, columns, side = charts.packed(sheet, 2)
    pixels = np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)
    assert (columns, side, pixels.shape) == (3, 16, (32, 48, 3))
    for i, colour in enumerate(colours):
        assert np.abs(pixels[8, 16 * i + 8] - colour).max() < 20


def test_an_export_has_a_frame_for_each_picture(trained_root: Path) -> None:
    run = Run(trained_root / "tiny")
    frames = frame_events(Session(trained_root, run))[-3:]
    files = tuple(str(run.folder / event["samples"]) for event in frames)
    with Image.open(BytesIO(downloads.animation_file(files, ".gif"))) as image:
        assert image.n_frames == 3
        assert image.width >= downloads.MIN_EXPORT_WIDTH
    assert downloads.animation_file(files, ".mp4")[4:8] == b"ftyp"


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


@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_of_layers_counts_every_parameter(name: str) -> None:
    from vae.model.networks import VAE, num_parameters

    config, shape = ModelConfig(name=name, latent_dim=7, channels=(4, 8, 8, 8, 8)), (1, 28, 28)
    tables = layers(config, shape)
    counted = sum(row["Parameters"] for rows in tables.values() for row in rows)
    assert counted == num_parameters(VAE(config, shape))
    assert tables["Encoder"][-1]["Output"] == "14"


def rows_of(name: str, shape: tuple[int, int, int], **more: int) -> dict[str, list[tuple]]:
    tables = layers(ModelConfig(name=name, channels=(4, 8, 8, 16, 16), **more), shape)
    return {
        network: [(row["Layer"], row["Multiply-adds"]) for row in rows]
        for network, rows in tables.items()
    }


def test_multiply_adds_are_those_counted_by_hand() -> None:
    """One product for each weight of a window, at each place that the window stands."""
    one = rows_of("mlp", (1, 28, 28), latent_dim=20, hidden_dim=400)
    assert one["Encoder"] == [("Linear, ReLU", 784 * 400), ("Linear", 400 * 40)]
    assert one["Decoder"] == [("Linear, ReLU", 20 * 400), ("Linear", 400 * 784)]
    many = rows_of("residual", (3, 64, 64), latent_dim=10)
    assert many["Encoder"] == [
        ("Pixels to channels", 0),
        ("Conv 3x3, SiLU", 32 * 32 * (12 * 9) * 4),
        ("Conv 4x4 / 2, SiLU", 16 * 16 * (4 * 16) * 8),
        ("Conv 4x4 / 2", 8 * 8 * (8 * 16) * 8),
        ("Residual 3x3, SiLU", 8 * 8 * (8 * 9) * 8),
        ("Conv 4x4 / 2", 4 * 4 * (8 * 16) * 16),
        ("Residual 3x3, SiLU", 4 * 4 * (16 * 9) * 16),
        ("Conv 4x4 / 2", 2 * 2 * (16 * 16) * 16),
        ("Residual 3x3, SiLU", 2 * 2 * (16 * 9) * 16),
        ("Linear", 16 * 4 * 20),
    ]
    up = [("Upconv 4x4 / 2", 2 * 2 * (16 * 16) * 16), ("Upconv 4x4 / 2", 4 * 4 * (16 * 16) * 8)]
    assert [row for row in many["Decoder"] if row[0] == "Upconv 4x4 / 2"] == up
    assert many["Decoder"][-2:] == [
        ("Conv 3x3", 32 * 32 * (4 * 9) * 12),
        ("Channels to pixels", 0),
    ]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (8316, "8.32 k"), (21_200_000, "21.2 M")]
)
def test_counts_are_written_short(number: int, text: str) -> None:
    assert short(number) == text


def evaluation(step: int, elbo: float, kl: list[float], active: int, **more: float) -> dict:
    terms = {"elbo": elbo, "kl": sum(kl), "nll": -elbo - sum(kl), "active_units": active}
    dims = {f"kl_{j}": value for j, value in enumerate(kl)}
    return {"kind": "eval", "step": step, "epoch": 2, "mse": 0.01, **terms, **dims, **more}


def found(*events: dict, **options: object) -> str:
    config = with_values(Config(), {n.replace("_", ".", 1): v for n, v in options.items()})
    found = findings(list(events), config, "finished")
    return "\n".join(f"{finding.text} {finding.more}" for finding in found)


def test_a_healthy_run_has_no_findings() -> None:
    first, last = evaluation(1, -200.0, [2.0] * 4, 4), evaluation(900, -90.0, [3.0] * 4, 4)
    assert found(first, last) == ""


def test_a_collapse_is_found_with_a_remedy() -> None:
    said = found(evaluation(900, -200.0, [0.001] * 4, 0))
    assert "Posterior collapse" in said
    assert "warmup_steps" in said


def test_unused_dimensions_are_named_without_alarm() -> None:
    said = found(evaluation(900, -90.0, [4.0, 0.0, 0.0, 0.0], 1))
    assert "3 of 4 latent dimensions are unused" in said


def training(train: list[float], validation: list[float]) -> list[dict]:
    """The events of a run: ten steps of each training elbo, then an evaluation."""
    events = []
    for i, (elbo, held_out) in enumerate(zip(train, validation, strict=True)):
        events += [
            {"kind": "step", "step": 100 * i + 10 * j, "elbo": elbo + (-1) ** j}
            for j in range(1, 11)
        ]
        events.append(evaluation(100 * (i + 1), held_out, [3.0] * 4, 4))
    return events


LEARNING = [1000 - 600 * 0.9**i for i in range(40)]
BY_HEART = [elbo - 10 * max(0, i - 20) for i, elbo in enumerate(LEARNING)]


def noisy(elbos: list[float], seed: int, spread: float = 8.0) -> list[float]:
    return (np.array(elbos) + np.random.default_rng(seed).normal(0, spread, len(elbos))).tolist()


def test_one_evaluation_below_the_best_is_no_finding() -> None:
    validation = [*LEARNING[:-1], LEARNING[-2] - 300]
    assert found(*training(LEARNING, validation)) == ""


@pytest.mark.parametrize("gap", [0.0, 30.0])
def test_a_noisy_healthy_run_has_no_findings(gap: float) -> None:
    """Wherever it is looked at, and with training images ahead as they always are."""
    for seed in range(20):
        validation = noisy([elbo - gap for elbo in LEARNING], seed)
        said = [found(*training(LEARNING[:n], validation[:n])) for n in range(2, 41)]
        assert not any(said), (seed, said)


def test_validation_that_falls_with_training_is_not_learning_by_heart() -> None:
    assert found(*training(BY_HEART, BY_HEART)) == ""


@pytest.mark.parametrize("spread", [0.0, 3.0, 8.0])
def test_learning_by_heart_is_found(spread: float) -> None:
    for seed in range(20):
        said = found(*training(LEARNING, noisy(BY_HEART, seed, spread)))
        assert "memorises its training images" in said, seed
        assert "the newest weights" in said


def test_learning_by_heart_is_told_with_its_numbers() -> None:
    """An even fall of 10 nats: the last five are 40 to 80 below the best, 60 on average."""
    train = [100.0 + 10 * i for i in range(12)]
    validation = [90.0, 100.0, 110.0, 120.0, *[110.0 - 10 * i for i in range(8)]]
    said = found(*training(train, validation))
    assert "best at step 400" in said
    assert "5 evaluations are 60.0 nats lower" in said
    # The last two evaluations' steps lie at 205 on average, those before the best at 125.
    assert "rose by 80.0 nats" in said


def test_the_second_measure_of_the_last_step_is_no_new_best() -> None:
    """All validation images may be easier than those measured on the way."""
    again = evaluation(4000, LEARNING[-1] + 500, [3.0] * 4, 4)
    assert found(*training(LEARNING, BY_HEART), again) == found(*training(LEARNING, BY_HEART)) != ""


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


def test_a_sigma_fixed_too_large_is_found() -> None:
    said = found(evaluation(900, 90.0, [3.0] * 4, 4, sigma=0.7071), model_sigma=0.7071)
    assert "fixed at 180 grey levels" in said
    assert "error is only 26" in said  # sqrt(0.01) * 255 = 25.5


def test_huge_early_values_do_not_squash_the_curve() -> None:
    train = [(step, 100 + 1e6 * math.exp(-step / 3)) for step in range(1, 1001)]
    low, high, _ = charts.value_range(train, [(1000, 104.0)])
    assert low < 100
    assert 104 < high < 120


def test_curves_stay_small_and_end_where_the_run_is() -> None:
    points = [(float(step), float(step)) for step in range(100_000)]
    thin = charts.thinned(points)
    assert len(thin) == charts.MAX_POINTS
    assert thin[:, 1].mean() == pytest.approx(49_999.5, rel=1e-3)
    json.dumps(charts.curves("elbo", points, []), allow_nan=False)


def test_bars_are_sorted_and_inactive_ones_stand_apart() -> None:
    spec = charts.kl_bars([0.5, 2.0, 0.0], [True, True, False])
    assert spec["xAxis"]["data"] == ["z1", "z0", "z2"]
    active, inactive = (series["data"] for series in spec["series"])
    assert active == [2.0, 0.5, None]
    assert inactive == [None, None, 0.0]


def test_the_time_left_comes_from_the_pace_since_this_start() -> None:
    start = {"time": 1000.0, "step": 100}
    steps = [{"time": 10.0, "step": 100}, {"time": 1010.0, "step": 120}]
    assert seconds_left(steps, start, 40) == pytest.approx(20.0)
    assert seconds_left(steps[:1], start, 40) is None
    assert duration(3725) == "1 h 2 min"
