"""The measures of a run against exact answers and other ways to the same number."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

import vae
from vae.commands.parser import main
from vae.errors import ExplainedError, InputError
from vae.evaluation import frechet, metrics
from vae.evaluation.disentanglement import binned, factor_scores, information_gap
from vae.evaluation.evaluate import frechet_distances, kept_evaluation
from vae.evaluation.information import information, standard_error
from vae.latent import encoding
from vae.latent.fit_flow import fit_flow
from vae.latent.mixture import fit_mixture
from vae.model.elbo import kl_parts
from vae.model.posterior import Posterior
from vae.runs.folder import Run

NONE: dict[str, tuple[str, ...]] = {}

# ------------------------------------------------------------------------------- information


def some_posterior(num: int, dims: int, spread: float) -> tuple[np.ndarray, ...]:
    """(mu, logvar, z) of images whose means are `spread` apart."""
    rng = np.random.default_rng(0)
    mu = spread * rng.standard_normal((num, dims))
    logvar = rng.uniform(-1, 0, (num, dims))
    return mu, logvar, mu + np.exp(logvar / 2) * rng.standard_normal((num, dims))


def test_the_parts_of_the_kl_are_those_of_the_objective() -> None:
    mu, logvar, z = some_posterior(300, 5, 1.0)
    found = information(mu, logvar, z)
    posterior = Posterior(torch.from_numpy(mu), torch.from_numpy(logvar))
    wanted = kl_parts(posterior, torch.from_numpy(z), 300)
    assert found.mutual_information == pytest.approx(wanted.mutual_information.item(), rel=1e-4)
    assert found.total_correlation == pytest.approx(wanted.total_correlation.item(), rel=1e-4)
    assert found.dimension_kl == pytest.approx(wanted.dimension_kl.item(), rel=1e-4)


def test_mutual_information_lies_between_nothing_and_the_kl_and_log_n() -> None:
    mu, logvar, z = some_posterior(500, 3, 0.8)
    found = information(mu, logvar, z)
    kl = Posterior(torch.from_numpy(mu), torch.from_numpy(logvar)).kl_per_dim().sum(1).mean()
    assert 0 < found.mutual_information < min(float(kl), found.limit)
    assert found.mutual_information + found.marginal_kl == pytest.approx(float(kl), rel=0.1)


def test_codes_apart_know_which_image_they_are_and_equal_codes_know_nothing() -> None:
    apart = information(*some_posterior(400, 4, 100.0))
    assert apart.mutual_information == pytest.approx(math.log(400), abs=1e-6) == apart.limit
    z = np.random.default_rng(0).standard_normal((400, 4))
    alike = information(np.zeros((400, 4)), np.zeros((400, 4)), z)
    assert alike.mutual_information == pytest.approx(0, abs=1e-9)
    assert alike.marginal_kl == pytest.approx(0, abs=1e-9)


def test_the_standard_error_is_the_spread_of_means() -> None:
    values = np.random.default_rng(0).normal(5, 3, (2000, 400))
    means, errors = values.mean(1), [standard_error(row) for row in values]
    assert np.mean(errors) == pytest.approx(means.std(), rel=0.05)
    assert errors[0] == pytest.approx(values[0].std(ddof=1) / 20)
    assert standard_error(np.ones(1)) == 0


# ----------------------------------------------------------------------------------- factors


def test_mig_is_one_for_a_copy_and_near_zero_for_a_double_copy_or_noise() -> None:
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 4, 4000)
    copy = factor[:, None] + 0.001 * rng.normal(size=(4000, 1))
    noise = rng.normal(size=(4000, 3))
    alone = np.concatenate([copy, noise], 1).astype(np.float32)
    twice = np.concatenate([copy, copy, noise], 1).astype(np.float32)
    for mu, least, most in ((alone, 0.95, 1), (twice, 0, 0.01), (noise, 0, 0.05)):
        gap, dimension = information_gap(factor, binned(mu))
        assert least <= gap <= most
        (score,) = factor_scores(np.arange(4000), mu, {"a": factor}, NONE)
        assert (score.gap, score.dimension) == (gap, dimension)
    assert information_gap(factor, binned(alone))[1] == 0


def planted(num: int = 1500) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Means [N, 8] in which a number, a class and a hue are written."""
    rng = np.random.default_rng(0)
    number, kind = rng.standard_normal(num), rng.integers(0, 3, num)
    hue = rng.uniform(0, 1, num)
    written = np.stack([number, *np.eye(3)[kind].T, np.cos(2 * np.pi * hue)], 1)
    written = np.concatenate([written, np.sin(2 * np.pi * hue)[:, None]], 1)  # [N, 6]
    mu = written @ np.linalg.qr(rng.standard_normal((8, 8)))[0][:6]
    columns = {"size": number.astype(np.float32), "kind": kind, "hair_hue": hue.astype(np.float32)}
    return mu, columns


def test_planted_factors_are_read_and_shuffled_ones_are_not() -> None:
    mu, columns = planted()
    classes = {"kind": ("a", "b", "c")}
    index = np.arange(len(mu))
    scores = {score.factor: score for score in factor_scores(index, mu, columns, classes)}
    assert [score.measure for score in scores.values()] == ["R2", "accuracy", "R2"]
    for score in scores.values():
        assert score.linear > 0.98, score
        assert score.nearest > 0.85, score
        assert score.gained > 0.97
    assert scores["kind"].chance == pytest.approx(np.bincount(columns["kind"]).max() / len(mu))
    order = np.random.default_rng(1).permutation(len(mu))
    for score in factor_scores(index, mu[order], columns, classes):
        assert score.linear < score.chance + 0.05, score
        assert score.nearest < score.chance + 0.05, score


def test_images_of_which_nothing_is_known_are_left_out() -> None:
    mu, columns = planted()
    kind, size = columns["kind"].copy(), columns["size"].copy()
    kind[::3], size[::3] = 3, np.nan
    classes = {"kind": ("a", "b", "c", "unknown")}
    scores = factor_scores(np.arange(len(mu)), mu, {"size": size, "kind": kind}, classes)
    assert [score.factor for score in scores] == ["size", "kind"]
    assert min(score.linear for score in scores) > 0.98
    same = {"size": np.ones(len(mu), np.float32)}
    assert factor_scores(np.arange(len(mu)), mu, same, NONE) == []


# ----------------------------------------------------------------------------------- frechet


def test_the_distance_of_diagonal_gaussians_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    a, b = (frechet.Gaussian(rng.normal(size=6), np.diag(rng.uniform(0.1, 3, 6))) for _ in "ab")
    apart = np.sqrt(np.diag(a.covariance)) - np.sqrt(np.diag(b.covariance))
    wanted = ((a.mean - b.mean) ** 2).sum() + (apart**2).sum()
    assert frechet.distance(a, b) == pytest.approx(wanted, rel=1e-9)


def test_the_distance_is_that_of_the_matrix_root_and_symmetric() -> None:
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    a = frechet.gaussian(rng.normal(size=(50, 7)) @ rng.normal(size=(7, 7)))
    b = frechet.gaussian(rng.normal(size=(50, 7)) @ rng.normal(size=(7, 7)) + 1)
    root = np.trace(np.real(sqrtm(a.covariance @ b.covariance)))
    traces = np.trace(a.covariance) + np.trace(b.covariance)
    wanted = ((a.mean - b.mean) ** 2).sum() + traces - 2 * root
    assert frechet.distance(a, b) == pytest.approx(wanted, rel=1e-6)
    assert frechet.distance(b, a) == pytest.approx(wanted, rel=1e-6)
    assert frechet.distance(a, a) == pytest.approx(0, abs=1e-9 * traces)


def faces(start: int, num: int = 300) -> np.ndarray:
    from vae.config import DataConfig
    from vae.data.dataset import open_dataset

    data = open_dataset(DataConfig(source="synthetic", image_size=64), Path("unused"))
    return data.take(np.arange(start, start + num))


def blurred(images: np.ndarray, radius: float) -> np.ndarray:
    filtered = [Image.fromarray(one).filter(ImageFilter.GaussianBlur(radius)) for one in images]
    return np.stack([np.asarray(one) for one in filtered])


def noisy(images: np.ndarray, levels: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, levels, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def swapped(images: np.ndarray, share: float) -> np.ndarray:
    """Red and blue exchanged in a share of the pictures."""
    changed = images.copy()
    num = round(share * len(images))
    changed[:num] = changed[:num, ..., ::-1]
    return changed


def test_the_random_network_orders_corruptions_by_their_strength() -> None:
    network = frechet.RandomFeatures()
    real, other = faces(0), faces(1000)
    reference = frechet.gaussian(network.features(real))

    def far(images: np.ndarray) -> float:
        return frechet.distance(frechet.gaussian(network.features(images)), reference)

    floor = far(other)  # as many other faces of the same kind
    assert far(real) < 1e-6 < floor
    for corrupt, strengths in ((blurred, (0.7, 1.5, 3)), (noisy, (8, 20, 50)), (swapped, (0.3, 1))):
        distances = [far(corrupt(other, strength)) for strength in strengths]
        assert distances == sorted(distances), corrupt
        assert distances[0] > floor, corrupt


def test_the_random_network_never_changes() -> None:
    """Distances of different versions would be compared otherwise."""
    network = frechet.RandomFeatures()
    ramp = np.arange(64 * 64 * 3, dtype=np.int64).reshape(1, 64, 64, 3) % 251
    found = network.features(ramp.astype(np.uint8))[0]
    assert found.shape == (480,)
    np.testing.assert_allclose(found[[0, 16, 32, 100, 479]], PINNED, rtol=1e-4)
    assert network.name == "random-conv-v1"
    grey = ramp[..., :1].astype(np.uint8)
    coloured = network.features(grey.repeat(3, 3))
    np.testing.assert_allclose(network.features(grey), coloured, atol=1e-5)


PINNED = [0.687793, 0.704688, 0.216793, 0.474104, 0.066605]


def test_inception_is_refused_in_a_sentence_where_it_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        frechet.network(tmp_path / "nothing.pth")
    (tmp_path / "other.pth").write_bytes(b"no weights")
    with pytest.raises(ExplainedError, match=r"torch-fidelity"):
        frechet.network(tmp_path / "other.pth")


# --------------------------------------------------------------------------------- the whole


@pytest.fixture
def root(trained_root: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    return tmp_path


def evaluated(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["evaluate", "tiny", "--root", str(root), "--json", *words]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_evaluate_keeps_its_result_with_the_weights_that_it_is_of(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(root / "tiny")
    found = evaluated(root, capsys, "--frechet_num", "4", "--bound_num", "5")
    assert kept_evaluation(run) == found
    model, weights = vae.load(run.folder)
    assert (found["digest"], found["step"]) == (weights.digest, weights.step)
    data = vae.dataset(run.folder)
    assert found["bound_num"] == 5
    assert found["num_images"] == len(data.validation)
    names = {"reconstructions", "samples", "mixture", "flow", "real"}
    assert {f"frechet_{name}" for name in names} <= found.keys()
    assert (found["frechet_num"], found["frechet_split"]) == (4, "validation")
    assert found["frechet_features"] == "random-conv-v1"
    assert found["mig"] == pytest.approx(
        np.mean([factor["gap"] for factor in found["factors"]])  # type: ignore[index,attr-defined]
    )
    encoded = encoding.encode_images(model, data, data.validation, 0)
    order = data.validation[np.argsort(encoded.mse)]
    assert found["best"][0] == order[0]  # type: ignore[index]
    assert found["worst"][0] == order[-1]  # type: ignore[index]
    assert found["mse"] == pytest.approx(encoded.mse.mean(), rel=1e-5)
    np.testing.assert_allclose(found["kl_per_dim"], encoded.kl_per_dim.mean(0), rtol=1e-4)
    before = run.evaluation_file.read_bytes()
    evaluated(root, capsys, "--split", "train", "--frechet_num", "0")
    assert run.evaluation_file.read_bytes() == before  # that of the held-out images


def test_without_a_flow_nothing_is_said_of_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the config wants none; else one is fitted first."""
    run = Run(root / "tiny")
    run.flow_file.unlink()
    few = ("--frechet_num", "4", "--bound_num", "5")
    assert "elbo_flow" in evaluated(root, capsys, *few)
    assert run.flow_file.exists()
    run.flow_file.unlink()
    text = run.events_file.read_text(encoding="utf-8")  # of the start that is in force
    assert '"model.prior": "flow"' in text
    run.events_file.write_text(text.replace('prior": "flow"', 'prior": "normal"'), "utf-8")
    assert not {name for name in evaluated(root, capsys, *few) if "flow" in name}
    assert not run.flow_file.exists()


def test_the_bound_of_some_images_is_compared_with_their_own_elbo(trained_root: Path) -> None:
    model, data = vae.load(trained_root / "tiny")[0], vae.dataset(trained_root / "tiny")
    whole = metrics.evaluate(model, data, data.train, 20)
    assert whole["bound_gain"] == pytest.approx(whole["bound"] - whole["elbo"], rel=1e-6)
    assert whole["bound_gain"] > 0
    part = metrics.evaluate(model, data, data.train, 20, bound_num=12)
    assert part["bound_num"] == 12
    assert part["elbo"] == whole["elbo"]
    assert 0 < part["bound_gain"] < 5 * whole["bound_gain"]


def test_the_elbo_under_a_flow_is_another_bound_with_the_same_nll(trained_root: Path) -> None:
    """The kl in it is the mean of log q(z given x) - log p(z), here over many samples."""
    model, data = vae.load(trained_root / "tiny")[0], vae.dataset(trained_root / "tiny")
    found = encoding.encode_images(model, data, data.train, 0)
    flow = fit_flow(found.mu, found.logvar).flow
    result = metrics.evaluate(model, data, data.train, 1, flow=flow)
    assert result["elbo_flow"] == pytest.approx(-(result["nll"] + result["kl_flow"]))
    posterior = Posterior(torch.from_numpy(found.mu), torch.from_numpy(found.logvar))
    eps = torch.randn(400, *found.mu.shape, generator=torch.Generator().manual_seed(0))
    z = posterior.mu + posterior.sigma * eps
    kl = (posterior.log_prob(z) - flow.log_prob(z)).mean().item()
    assert result["kl_flow"] == pytest.approx(kl, abs=4 * result["kl_flow_se"])
    assert kl < 0.8 * result["kl"]
    plain = metrics.evaluate(model, data, data.train, 1)
    assert "elbo_flow" not in plain
    assert plain["elbo"] == result["elbo"]


def test_each_frechet_distance_is_of_the_set_that_it_names(trained_root: Path) -> None:
    model, data = vae.load(trained_root / "tiny")[0], vae.dataset(trained_root / "tiny")
    network, num = frechet.RandomFeatures(), 20
    index, others = data.train[:num], data.train[num : 2 * num]
    images = data.take(index)
    mu = vae.encode(model, images)
    mixture = fit_mixture(mu + 3, seed=0)  # somewhere else than the prior
    flow = fit_flow(np.tile(mu - 2, (20, 1)), np.full((20 * num, mu.shape[1]), -4.0)).flow
    found = frechet_distances(model, data, index, others, mixture, flow, network, 1000)
    sets = {
        "reconstructions": vae.decode(model, mu),
        "samples": vae.decode(model, vae.sample(model, num)),
        "mixture": vae.decode(model, mixture.sample(num, 0)),
        "flow": vae.decode(model, flow.sample(num, 0).numpy()),
        "real": data.take(others),
    }
    real = frechet.gaussian(network.features(images))
    for name, pictures in sets.items():
        wanted = frechet.distance(frechet.gaussian(network.features(pictures)), real)
        assert found[f"frechet_{name}"] == pytest.approx(wanted, rel=1e-3), name
    assert found["frechet_num"] == num
    assert frechet_distances(model, data, index[:1], others, mixture, flow, network, 9) == {}


def test_bad_numbers_are_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--bound_num", "--frechet_num"):
        assert main(["evaluate", "tiny", "--root", str(root), flag, "-1"]) == 2
        assert f"{flag} must be at least 0" in capsys.readouterr().err
    nothing = str(root / "nothing.pth")
    assert main(["evaluate", "tiny", "--root", str(root), "--inception", nothing]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_a_run_that_was_never_evaluated_has_no_result(tmp_path: Path) -> None:
    assert kept_evaluation(Run(tmp_path)) is None
    (tmp_path / "evaluation.json").write_text('{"elbo": ')
    assert kept_evaluation(Run(tmp_path)) is None
