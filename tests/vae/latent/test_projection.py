"""Maps that begin from an earlier one: they keep their shape."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.manifold import trustworthiness

from vae.commands.parser import main
from vae.errors import InputError
from vae.latent import projection, umap_layout
from vae.latent.encoding import Latents, load_latents
from vae.runs.umap_options import UmapOptions

Floats = np.ndarray


def clouds(num: int = 300) -> Floats:
    """Means of six groups in 8 dimensions. [num, 8]"""
    draw = np.random.default_rng(0)
    centres = draw.normal(0, 1.8, (6, 8))
    return (centres[np.arange(num) % 6] + draw.normal(size=(num, 8))).astype(np.float32)


def latents_of(mu: Floats, index: Floats | None = None) -> Latents:
    num = len(mu)
    index = np.arange(num) if index is None else index
    return Latents(index, mu, mu, mu[:, 0], 1, np.zeros((0, 2), np.float32))


def mapped(latents: Latents, method: str, seed: int, earlier: Latents | None = None) -> Latents:
    return projection.project(latents, method, seed, lambda *_: None, earlier)


def apart(one: Floats, other: Floats) -> float:
    """What is left between two layouts in the best place, turn and scale; 0 to 1."""
    return float(procrustes(one, other)[2])


@pytest.fixture(scope="module")
def first() -> Latents:
    return mapped(latents_of(clouds()), "umap", 0)


def moved(mu: Floats) -> Floats:
    """The same means after some more training."""
    draw = np.random.default_rng(1)
    return (1.1 * mu + draw.normal(0, 0.2, mu.shape)).astype(np.float32)


def test_a_layout_that_starts_from_the_last_keeps_its_shape(first: Latents) -> None:
    later = latents_of(moved(first.mu))
    warm = mapped(later, "umap", 5, first)
    cold = [mapped(later, "umap", seed) for seed in (5, 6, 7)]
    assert apart(first.xy, warm.xy) < np.mean([apart(first.xy, one.xy) for one in cold]) / 2
    # In place, too: it is not turned, mirrored, moved or scaled.
    away = np.linalg.norm(warm.xy - first.xy, axis=1).mean()
    assert away < 0.25 * np.linalg.norm(first.xy - first.xy.mean(0), axis=1).mean()


def test_a_layout_that_starts_from_the_last_still_follows_the_means(first: Latents) -> None:
    draw = np.random.default_rng(2)
    rows = draw.permutation(len(first.mu))[:10]
    mu = first.mu.copy()
    mu[rows] = mu[(rows + 1) % len(mu)] + draw.normal(0, 0.1, (10, mu.shape[1]))
    warm = mapped(latents_of(mu.astype(np.float32)), "umap", 0, first)
    now = np.linalg.norm(warm.xy[rows] - warm.xy[(rows + 1) % len(mu)], axis=1)
    then = np.linalg.norm(first.xy[rows] - first.xy[(rows + 1) % len(mu)], axis=1)
    assert np.median(now) < np.median(then) / 3


def test_new_images_come_among_their_neighbours_and_others_keep_their_place(
    first: Latents,
) -> None:
    some = np.arange(100, len(first.mu) + 60)  # 200 known ones in another order, and 60 new ones
    draw = np.random.default_rng(3)
    mu = np.concatenate([first.mu[100:], first.mu[100:160] + draw.normal(0, 0.1, (60, 8))])
    order = draw.permutation(len(some))
    later = latents_of(mu[order].astype(np.float32), some[order])

    def how_far(latents: Latents) -> float:
        """From the place they had before, the median of the known ones."""
        place = dict(zip(latents.index.tolist(), latents.xy, strict=True))
        known = np.array([place[i] for i in range(100, 300)])
        return float(np.median(np.linalg.norm(known - first.xy[100:], axis=1)))

    # The last digits of a processor decide on a layout: one seed says little.
    warm, cold = [
        [mapped(later, "umap", seed, earlier) for seed in range(3)] for earlier in (first, None)
    ]
    assert sum(map(how_far, warm)) < 0.7 * sum(map(how_far, cold))
    place = dict(zip(warm[0].index.tolist(), warm[0].xy, strict=True))
    known = np.array([place[i] for i in range(100, 300)])
    away = [np.linalg.norm(place[300 + i] - place[100 + i]) for i in range(60)]
    assert np.median(away) < 0.2 * np.linalg.norm(known.std(0))


def test_a_map_of_many_images_is_laid_out_by_a_sample_and_the_others_come_among_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mu, seen = clouds(900), []
    count = lambda what, done, total: seen.append((what, done, total))  # noqa: E731
    whole = projection.project(latents_of(mu), "umap", 0, count)
    assert {what for what, _, _ in seen} == {"neighbours", "umap"}
    seen.clear()
    monkeypatch.setattr(umap_layout, "NUM_FITTED", 300)
    monkeypatch.setattr(umap_layout, "QUERIES", 250)
    made = projection.project(latents_of(mu), "umap", 0, count)
    assert ("place", 600, 600) in seen
    again = projection.project(latents_of(mu), "umap", 0, count)
    np.testing.assert_array_equal(made.xy, again.xy)
    assert made.xy.shape == (900, 2)
    # As true to the points as a layout of all of them, or nearly so.
    trust = [trustworthiness(mu, one.xy, n_neighbors=15) for one in (whole, made)]
    assert trust[1] > trust[0] - 0.02


def test_a_sampled_map_goes_on_from_the_last_with_its_placed_images_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(umap_layout, "NUM_FITTED", 300)
    first = mapped(latents_of(clouds(900)), "umap", 0)
    warm = mapped(latents_of(moved(first.mu)), "umap", 5, first)
    away = np.linalg.norm(warm.xy - first.xy, axis=1).mean()
    assert away < 0.35 * np.linalg.norm(first.xy - first.xy.mean(0), axis=1).mean()


def test_exact_neighbours_begin_with_the_point_itself_and_know_its_copies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(umap_layout, "QUERIES", 40)
    mu = np.concatenate([clouds(100), clouds(100)[:5]])
    rows, distances = umap_layout.nearest(mu, mu, 8, "neighbours", lambda *_: None)
    wanted = np.sort(np.linalg.norm(mu[:, None] - mu[None], axis=2), 1)[:, :8]
    np.testing.assert_allclose(distances, wanted, rtol=1e-5, atol=1e-6)
    assert (distances[:5, :2] == 0).all()
    assert all(i in row for i, row in enumerate(rows))


def test_more_neighbours_and_a_larger_distance_make_other_maps(first: Latents) -> None:
    def other(**options: float) -> Floats:
        some = UmapOptions(**options)  # type: ignore[arg-type]
        return projection.project(latents_of(first.mu), "umap", 0, lambda *_: None, None, some).xy

    def crowded(xy: Floats) -> float:
        """The median distance to the nearest point, as a part of the whole."""
        away = np.linalg.norm(xy[:, None] - xy[None], axis=2) + np.eye(len(xy)) * 1e9
        return float(np.median(away.min(1)) / xy.std())

    spread = {d: crowded(other(min_distance=d)) for d in (0.0, 0.1, 0.8)}
    assert spread[0.0] < spread[0.1] < spread[0.8]
    assert crowded(first.xy) == pytest.approx(spread[0.1])
    assert apart(first.xy, other(neighbours=60)) > 0.01


@pytest.mark.parametrize("num", [4, 5, 16, 40])
@pytest.mark.parametrize("neighbours", [2, 15, 200])
def test_few_images_have_a_map_with_any_number_of_neighbours(num: int, neighbours: int) -> None:
    some = UmapOptions(neighbours, 1.0)
    xy = projection.project(latents_of(clouds(num)), "umap", 0, lambda *_: None, None, some).xy
    assert xy.shape == (num, 2)
    assert np.isfinite(xy).all()


def test_a_similarity_is_undone_exactly() -> None:
    draw = np.random.default_rng(4)
    before = draw.normal(size=(50, 2)).astype(np.float32)
    mirror = np.array([[0.6, 0.8], [0.8, -0.6]])
    xy = (3 * before @ mirror + [5, -2]).astype(np.float32)
    unknown = before.copy()
    unknown[40:] = np.nan
    np.testing.assert_allclose(projection.aligned(xy, unknown), before, atol=1e-5)


def test_the_axes_of_a_pca_map_keep_their_signs() -> None:
    mu = clouds()
    for signs in ([1, 1], [-1, 1], [1, -1], [-1, -1]):
        first = mapped(latents_of(mu), "pca", 0)
        mirrored = Latents(**{**vars(first), "xy": first.xy * np.float32(signs)})
        later = mapped(latents_of(moved(mu)), "pca", 0, mirrored)
        assert ((later.xy * mirrored.xy).sum(0) > 0).all()


def test_the_signs_of_a_pca_map_do_not_depend_on_the_order_of_images() -> None:
    mu = clouds()
    np.testing.assert_allclose(projection.pca(mu[::-1])[::-1], projection.pca(mu), atol=1e-3)


def test_a_map_of_few_of_the_images_is_no_start() -> None:
    mu = clouds()
    earlier = mapped(latents_of(mu[:100]), "pca", 0)
    assert projection.places_in(np.arange(300), earlier) is None
    places = projection.places_in(np.arange(50, 150), earlier)
    assert places is not None
    np.testing.assert_array_equal(places[:50], earlier.xy[50:])
    assert np.isnan(places[50:]).all()
    assert projection.places_in(np.arange(50), latents_of(mu)) is None


def test_the_command_starts_from_its_own_last_file(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.npz"

    def made(method: str, *options: str) -> int | None:
        words = ["project", "tiny", "--root", str(trained_root), "--method", method, *options]
        assert main([*words, "--out", str(out), "--json"]) == 0
        step: int | None = json.loads(capsys.readouterr().out.splitlines()[-1])["from_step"]
        return step

    assert made("pca") is None
    assert made("pca") == load_latents(out).step
    assert made("umap") is None, "a map by another method is no start"
    assert made("umap", "--neighbours", "5") is None, "nor is one with other neighbours"
    assert made("umap", "--neighbours", "5", "--min_distance", "0.5") is None, "nor distances"
    made_so = ("--neighbours", "5", "--min_distance", "0.5")
    assert made("umap", *made_so) == load_latents(out).step
    out.write_bytes(b"no map")
    assert made("umap") is None
    assert made("umap") == load_latents(out).step
    assert np.isfinite(load_latents(out).xy).all()


def test_a_map_of_two_dimensions_shows_them_as_they_are() -> None:
    mu = clouds()[:, :2] + np.float32([3, -1])
    first = mapped(latents_of(mu), "pca", 0)
    np.testing.assert_array_equal(first.xy, mu)
    later = mapped(latents_of(-mu), "pca", 0, first)
    np.testing.assert_array_equal(later.xy, -mu)


def test_a_map_of_one_dimension_shows_it_across_and_hides_no_image() -> None:
    mu = np.repeat(clouds()[:, :1], 2, axis=0)  # each value twice
    xy = mapped(latents_of(mu), "pca", 0).xy
    np.testing.assert_array_equal(xy[:, 0], mu[:, 0])
    assert len(np.unique(xy, axis=0)) == len(xy)
    assert 0 < np.ptp(xy[:, 1]) <= np.ptp(mu) / 3
    low, high = mu.min(), mu.max()
    piles = np.minimum((mu[:, 0] - low) / (high - low) * projection.NUM_PILES, 63).astype(int)
    for pile in np.unique(piles):  # as high as there are images, with the line in the middle
        assert xy[piles == pile, 1].mean() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("num", [1, 2, 5])
@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_images_that_are_all_alike_have_a_map(num: int, latent_dim: int) -> None:
    xy = mapped(latents_of(np.full((num, latent_dim), 0.5, np.float32)), "pca", 0).xy
    assert xy.shape == (num, 2)
    assert np.isfinite(xy).all()


def test_umap_of_one_dimension_is_refused_in_a_sentence() -> None:
    for num in (2, 40):
        with pytest.raises(InputError, match="UMAP lays out two dimensions or more, and this mod"):
            mapped(latents_of(clouds()[:num, :1]), "umap", 0)


def test_umap_of_two_dimensions_is_a_layout() -> None:
    xy = mapped(latents_of(clouds(40)[:, :2]), "umap", 0).xy
    assert xy.shape == (40, 2)
    assert np.isfinite(xy).all()
