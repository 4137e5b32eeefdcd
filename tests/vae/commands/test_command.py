"""The command: its results, its last line of JSON, its exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from vae.commands.parser import main
from vae.faces.synthetic import faces
from vae.latent import umap_layout
from vae.runs.folder import Run
from vae.runs.umap_options import Making, UmapOptions, making_of

ROOT = Path(__file__).parents[3]

COMMANDS = [
    "train",
    "runs",
    "check",
    "doctor",
    "checkpoint",
    "directions",
    "evaluate",
    "sample",
    "reconstruct",
    "interpolate",
    "traverse",
    "animate",
    "encode",
    "project",
    "select",
    "export",
]


def call(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> dict[str, object]:
    """Run a command with --json. Returns the object on its last line."""
    assert main([*words, "--root", str(root), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(result, dict)
    return result


def refuse(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> str:
    """Run a command that must be refused. Returns its one sentence."""
    capsys.readouterr()
    try:
        code = main([*words, "--root", str(root)])
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    assert code == 2
    error = [
        line for line in capsys.readouterr().err.splitlines() if "/" not in line.split(" ")[-1]
    ]
    assert len(error) == 1, error
    return error[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert "--root" in capsys.readouterr().out


def test_training_writes_the_run_folder(trained_root: Path) -> None:
    run = Run(trained_root / "tiny")
    for name in ("config.json", "model.safetensors", "events.jsonl", "lock", "latents.npz"):
        assert (run.folder / name).is_file(), name
    assert run.status() == "finished"
    kinds = [event["kind"] for event in run.events()]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert {"step", "eval", "preview", "checkpoint"} <= set(kinds)
    for event in run.events():
        assert all(isinstance(value, (int, float, str, bool)) for value in event.values())
        if event["kind"] == "preview":
            assert (run.folder / event["samples"]).is_file()
            assert (run.folder / event["reconstructions"]).is_file()


def test_runs_lists_them(trained_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = call(capsys, trained_root, "runs")["runs"]
    assert isinstance(rows, list)
    row = next(row for row in rows if row["run"] == "tiny")
    assert row["status"] == "finished"
    assert row["data"] == "synthetic"
    assert row["step"] == 8


def test_evaluate_gives_every_measure(
    trained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = call(capsys, trained_root, "evaluate", "tiny", "--importance_samples", "1")
    many = call(capsys, trained_root, "evaluate", "tiny", "--importance_samples", "30")
    names = "nll kl elbo bits_per_dim bound active_units mse psnr ssim mig"
    for name in names.split():
        assert isinstance(many[name], (int, float)), name
    assert many["elbo"] == pytest.approx(-(float(str(many["nll"])) + float(str(many["kl"]))))
    assert float(str(many["bound"])) > float(str(one["bound"]))  # more samples, a tighter bound
    assert many["bound"] == pytest.approx(many["elbo"], rel=0.1)
    train = call(capsys, trained_root, "evaluate", "tiny", "--split", "train")
    assert train["num_images"] == 54


def test_sample_depends_on_the_seed_and_the_prior(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {}
    for name, words in {
        "a": ["--seed", "1"],
        "b": ["--seed", "1"],
        "c": ["--seed", "2"],
        "d": ["--seed", "1", "--prior", "mixture"],
        "e": ["--seed", "1", "--prior", "flow"],
    }.items():
        out = tmp_path / f"{name}.png"
        call(capsys, trained_root, "sample", "tiny", "--num", "9", "--out", str(out), *words)
        files[name] = out.read_bytes()
    assert files["a"] == files["b"]
    assert len(set(files.values())) == 4
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (3 * 34 - 2, 3 * 34 - 2)


def test_reconstruct_sets_originals_over_reconstructions(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    pixels = faces(5, np.arange(3), 48)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i}.png")
    out = tmp_path / "a.png"
    words = ["reconstruct", "tiny", "--data", str(folder), "--out", str(out)]
    assert call(capsys, trained_root, *words)["num"] == 3
    with Image.open(out) as image:
        assert image.size == (8 * 34 - 2, 2 * 34 - 2)


def test_interpolate_takes_indices_and_files(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strip = tmp_path / "strip.png"
    call(capsys, trained_root, "interpolate", "tiny", "0", "1", "--out", str(strip))
    own = tmp_path / "own.png"
    Image.fromarray(faces(0, np.arange(1), 32)[0]).save(own)
    same = tmp_path / "same.png"
    call(capsys, trained_root, "interpolate", "tiny", str(own), "1", "--out", str(same))
    assert strip.read_bytes() == same.read_bytes()
    with Image.open(strip) as image:
        assert image.size == (9 * 34 - 2, 32)
    words = ["interpolate", "tiny", "0", "1", "--path", "dense", "--out", str(strip)]
    assert call(capsys, trained_root, *words)["path"] == "dense"
    words = ["interpolate", "tiny", "0", "1", "--path", "lerp", "--out", str(strip)]
    assert call(capsys, trained_root, *words)["path"] == "lerp"
    for suffix in ("gif", "webp", "mp4"):
        out = tmp_path / f"a.{suffix}"
        call(capsys, trained_root, "interpolate", "tiny", "0", "1", "--out", str(out))
        assert out.stat().st_size > 100


def test_the_ends_of_an_interpolation_are_the_posterior_means(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Samples of the ends would make it another way each time, between other pictures."""
    import torch

    from vae.model.checkpoints import load_model

    out = tmp_path / "strip.png"
    call(capsys, trained_root, "interpolate", "tiny", "0", "1", "--out", str(out))
    with Image.open(out) as image:
        strip = np.asarray(image.convert("RGB"))
    x = torch.from_numpy(faces(0, np.arange(2), 32)).permute(0, 3, 1, 2).float() / 255
    model, _ = load_model(Run(trained_root / "tiny"))
    with torch.inference_mode():
        ends = (255 * model.decode(model.encode(x).mu)).round().permute(0, 2, 3, 1).numpy()
    for end, picture in ((ends[0], strip[:, :32]), (ends[1], strip[:, -32:])):
        assert np.abs(end - picture).max() <= 1


def test_animate_shows_every_preview(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.gif"
    result = call(capsys, trained_root, "animate", "tiny", "--out", str(out))
    previews = [e for e in Run(trained_root / "tiny").events() if e["kind"] == "preview"]
    assert result["frames"] == len(previews)
    with Image.open(out) as image:
        durations = []
        for frame in ImageSequence.Iterator(image):  # equal neighbours are stored as one
            durations.append(frame.info["duration"])
    assert sum(durations) == 120 * (len(previews) - 1) + 1000


def test_animate_goes_through_the_flow_at_the_end(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from vae import pictures
    from vae.latent import fixed_noise
    from vae.latent.fitted_flow import flow_of
    from vae.model.checkpoints import load_model

    run, out = Run(trained_root / "tiny"), tmp_path / "a.gif"
    about = "animate", "tiny", "--out", str(out)
    plain = call(capsys, trained_root, *about)["frames"]
    with_flow = call(capsys, trained_root, *about, "--prior", "flow")["frames"]
    assert with_flow == plain + fixed_noise.NUM_THROUGH_FLOW
    model, weights = load_model(run)
    fitted = flow_of(run, weights.digest)
    assert fitted is not None
    z = fitted.flow.from_base(fixed_noise.fixed_noise(run.config().train.seed, model.latent_dim))
    with torch.inference_mode():
        last = pictures.from_unit(model.decode(z).numpy())
    sheets = fixed_noise.through_flow(model, fitted.flow, run.config().train.seed)
    np.testing.assert_array_equal(sheets[-1], pictures.grid(last, 8))
    assert np.abs(sheets[0].astype(int) - sheets[-1]).max() > 1, "and it is a way"


def test_animate_through_no_flow_is_refused(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained_root / "tiny", tmp_path / "tiny")
    Run(tmp_path / "tiny").flow_file.unlink()
    command = "animate", "tiny", "--prior", "flow", "--out", str(tmp_path / "a.gif")
    assert "has no flow" in refuse(capsys, tmp_path, *command)
    assert not (tmp_path / "a.gif").exists()


def test_traverse_begins_with_the_most_informative_dimension(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    order = call(capsys, trained_root, "traverse", "tiny", "--out", str(out))["dimensions"]
    evaluation = [e for e in Run(trained_root / "tiny").events() if e["kind"] == "eval"][-1]
    assert isinstance(order, list)
    kl = [evaluation[f"kl_{j}"] for j in order]
    assert kl == sorted(kl, reverse=True)


def test_encode_and_project_write_a_row_an_image(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.npz"
    call(capsys, trained_root, "encode", "tiny", "--out", str(out))
    with np.load(out) as file:
        assert file["mu"].shape == file["logvar"].shape == (60, 6)
        assert len(file["name"]) == len(file["label"]) == 60
    for method in ("pca", "umap"):
        call(capsys, trained_root, "project", "tiny", "--method", method, "--out", str(out))
        with np.load(out) as file:
            assert file["xy"].shape == (60, 2)
            assert np.isfinite(file["xy"]).all()


def test_a_map_says_what_it_was_made_with(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    out = tmp_path / "a.npz"
    words = ["project", "tiny", "--out", str(out)]
    told = call(capsys, trained_root, *words, "--neighbours", "7", "--min_distance", "0.3")
    assert (told["neighbours"], told["min_distance"], told["num_fitted"]) == (7, 0.3, 60)
    assert making_of(out) == Making(UmapOptions(7, 0.3), None)
    monkeypatch.setattr(umap_layout, "NUM_FITTED", 40)
    told = call(capsys, trained_root, *words)
    assert (told["neighbours"], told["num"], told["num_fitted"]) == (15, 60, 40)
    assert making_of(out) == Making(UmapOptions(), 40)
    assert main([*words, "--root", str(trained_root)]) == 0
    said = capsys.readouterr()
    assert "UMAP placed 40 of the 60 images, and each other one among its nearest" in said.out
    assert said.out.splitlines()[-1] == str(out)
    assert "place 20/20" in said.err
    call(capsys, trained_root, *words, "--method", "pca")
    with np.load(out) as file:
        assert "neighbours" not in file


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("neighbours", "1", "neighbours must be a whole number from 2 to 200, not 1."),
        ("neighbours", "201", "neighbours must be a whole number from 2 to 200, not 201."),
        ("neighbours", "-3", "neighbours must be a whole number from 2 to 200, not -3."),
        ("neighbours", "some", "must be a whole number, not 'some'"),
        ("neighbours", "2.5", "must be a whole number, not 2.5"),
        ("min_distance", "-0.1", "min_distance must be a number from 0 to 1, not -0.1."),
        ("min_distance", "1.5", "min_distance must be a number from 0 to 1, not 1.5."),
        ("min_distance", "nan", "min_distance must be a number from 0 to 1, not a value that"),
        ("min_distance", "far", "must be a number, not 'far'"),
    ],
)
def test_bad_options_of_a_map_are_refused_in_a_sentence(
    trained_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    sentence: str,
) -> None:
    out = tmp_path / "a.npz"
    words = ["project", "tiny", "--out", str(out), f"--{option}={value}"]
    assert sentence in refuse(capsys, trained_root, *words)
    assert not out.exists()


def test_options_of_umap_are_refused_where_pca_makes_the_map(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["project", "tiny", "--method", "pca", "--out", str(tmp_path / "a.npz")]
    for option in ("neighbours", "min_distance"):
        said = refuse(capsys, trained_root, *words, f"--{option}", "1")
        assert f"--{option} is of --method umap: leave it out, or choose umap." in said


def test_encoding_the_images_of_the_run_imports_them_no_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "faces.npy", faces(0, np.arange(30), 16))
    monkeypatch.chdir(tmp_path)
    source, root = ["--data", "faces.npy"], tmp_path / "runs"
    tiny = ["--model.channels", "2,2,2,2,2", "--train.epochs", "1"]
    call(capsys, root, "train", "own", *source, *tiny)
    call(capsys, root, "encode", "own", *source, "--out", "a.npz")
    assert len(list((root / ".data").glob("*/manifest.json"))) == 1


def test_bad_input_is_one_sentence_and_exit_code_two(
    trained_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there are: tiny" in refuse(capsys, trained_root, "evaluate", "nobody")
    assert "train.lr" in refuse(capsys, tmp_path, "train", "a", "--train.lr", "fast")
    assert "train.speed" in refuse(capsys, tmp_path, "train", "a", "--train.speed", "3")
    assert "nothing at" in refuse(capsys, tmp_path, "train", "a", "--data", str(tmp_path / "no"))
    assert "name" in refuse(capsys, tmp_path, "train", "../a")
    assert list(tmp_path.iterdir()) == []
    out = ["--out", str(tmp_path / "a.bmp")]
    assert ".png" in refuse(capsys, trained_root, "sample", "tiny", *out)
    assert "59" in refuse(capsys, trained_root, "interpolate", "tiny", "0", "60")
    assert "neither" in refuse(capsys, trained_root, "interpolate", "tiny", "0", "x.png")
    assert "at least 2" in refuse(
        capsys, trained_root, "interpolate", "tiny", "0", "1", "--steps", "1"
    )


def test_what_a_run_is_made_of_cannot_change(
    trained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refuse(capsys, trained_root, "train", "tiny", "--model.latent_dim", "7")
    assert "model.latent_dim 6, not 7" in sentence


def test_the_same_command_again_changes_nothing(
    trained_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (trained_root / "tiny" / "config.json").read_bytes()
    result = call(capsys, trained_root, "train", "tiny")
    assert result["status"] == "finished"
    assert result["step"] == 8
    assert (trained_root / "tiny" / "config.json").read_bytes() == before


def test_the_module_can_be_called() -> None:
    words = [sys.executable, "-m", "vae", "runs", "--root", "nowhere", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"runs": []}


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [({}, "1000"), ({"OMP_WAIT_POLICY": "PASSIVE"}, "0"), ({"GOMP_SPINCOUNT": "7"}, "7")],
)
def test_threads_of_a_command_spin_only_for_a_moment(
    trained_root: Path, tmp_path: Path, chosen: dict[str, str], wanted: str
) -> None:
    """Or as the environment has it."""
    words = ["sample", "tiny", "--root", str(trained_root), "--num", "1"]
    ours = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {name: text for name, text in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, "-m", "vae", *words, "--out", str(tmp_path / "faces.png")],
        cwd=ROOT,
        env={**environment, **chosen, "OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    if "GOMP_SPINCOUNT" not in done.stderr:
        pytest.skip("torch's threads are not those of GNU's OpenMP")
    assert re.search(rf"GOMP_SPINCOUNT\s*=\s*'{wanted}'", done.stderr)
