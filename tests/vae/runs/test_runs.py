"""The run folder: events, lock, requests, status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vae.atomic import atomic_write
from vae.config import Config, get_value, options, parse_option, with_values
from vae.errors import FileError, InputError
from vae.runs.config_file import FORMERLY, from_json, to_document
from vae.runs.events import EventWriter, numbered, read_events
from vae.runs.folder import Run, existing_run, free_name, list_runs, open_run


def a_run(folder: Path, *kinds: str) -> Run:
    run = Run(folder / "a")
    run.folder.mkdir(exist_ok=True)
    writer = EventWriter(run.events_file, keep_step=0)
    for kind in kinds:
        writer.write(kind.split(":")[0], step=0, status=kind.partition(":")[2])
    writer.close()
    return run


def test_a_run_without_anything_is_new(tmp_path: Path) -> None:
    assert Run(tmp_path / "a").status() == "new"


@pytest.mark.parametrize("status", ["finished", "paused", "stopped", "failed"])
def test_a_run_that_ended_says_how(tmp_path: Path, status: str) -> None:
    assert a_run(tmp_path, "start", f"end:{status}").status() == status


def test_a_run_whose_trainer_died_is_interrupted(tmp_path: Path) -> None:
    assert a_run(tmp_path, "start", "step").status() == "interrupted"
    assert a_run(tmp_path, "start", "end:paused", "start").status() == "interrupted"


def test_running_means_lock_held(tmp_path: Path) -> None:
    run = a_run(tmp_path, "start")
    with run.lock():
        assert run.status() == "running"
    assert run.status() == "interrupted"


def test_a_trainer_that_has_said_nothing_yet_is_starting(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    with run.lock():
        assert run.status() == "starting"
    run = a_run(tmp_path, "start", "end:paused")
    with run.lock():
        assert run.status() == "starting"


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    run = a_run(tmp_path, "start")
    code = (
        "import sys, time; from pathlib import Path; from vae.runs.folder import Run;"
        f"lock = Run(Path({str(run.folder)!r})).lock(); lock.acquire(); print('held', flush=True);"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert run.status() == "running"
        holder.kill()
        holder.wait()
    assert run.status() == "interrupted"


def test_a_request_needs_a_living_trainer(tmp_path: Path) -> None:
    run = a_run(tmp_path, "start")
    with pytest.raises(InputError, match="not training"):
        run.request("pause")
    with run.lock():
        run.request("pause")
        assert run.control() == (1, "pause")
        run.request("stop")
        assert run.control() == (2, "stop")
        with pytest.raises(InputError, match="pause or stop"):
            run.request("dance")


def test_an_unfinished_last_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind": "start"}\n{"kind": "st')
    events, offset = read_events(path)
    assert [event["kind"] for event in events] == ["start"]
    with open(path, "a") as file:
        file.write('ep", "step": 1}\nnonsense\n[]\n{"no": "kind"}\n{"kind": "of the future"}\n')
    events, _ = read_events(path, offset)
    assert [event["kind"] for event in events] == ["step", "of the future"]


def test_a_resumed_log_holds_each_step_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path, keep_step=0)
    for step in (1, 2, 3):
        writer.write("step", step=step)
    writer.close()
    with open(path, "a") as file:
        file.write('{"kind": "step", "st')
    writer = EventWriter(path, keep_step=2)
    writer.write("step", step=3)
    writer.close()
    assert [event["step"] for event in read_events(path)[0]] == [1, 2, 3]


def test_events_hold_finite_numbers_only(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl", keep_step=0)
    writer.write("step", step=1, nll=float("nan"), kl=float("inf"), elbo=1.0)
    writer.close()
    event = read_events(tmp_path / "events.jsonl")[0][0]
    assert set(event) == {"kind", "time", "step", "elbo"}


def test_numbered_fields_come_back_in_order() -> None:
    assert numbered({f"kl_{j}": j / 2 for j in range(11)}, "kl") == [j / 2 for j in range(11)]


def test_a_name_that_no_folder_should_have_is_refused(tmp_path: Path) -> None:
    for name in ("", "../up", "a/b", ".hidden", "x" * 65, "a b"):
        with pytest.raises(InputError, match="name"):
            open_run(tmp_path, name)


def test_a_missing_run_is_answered_with_those_there_are(tmp_path: Path) -> None:
    a_run(tmp_path, "start")
    with pytest.raises(InputError, match="there are: a"):
        existing_run(tmp_path, "b")


def test_a_run_is_listed_from_the_moment_its_trainer_lives(tmp_path: Path) -> None:
    run = Run(tmp_path / "a")
    run.folder.mkdir()
    assert list_runs(tmp_path) == []
    with run.lock():
        assert list_runs(tmp_path) == [run]
        assert run.status() == "starting"


def test_folders_that_hold_no_run_are_not_listed(tmp_path: Path) -> None:
    a_run(tmp_path, "start")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".data").mkdir()
    assert [run.name for run in list_runs(tmp_path)] == ["a"]
    assert list_runs(tmp_path / "nowhere") == []
    assert free_name(tmp_path, "a") == "a-1"


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    atomic_write(path, b"old")

    def refuse(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("vae.atomic.os.replace", refuse)
    with pytest.raises(FileError, match="file could not be written: no"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_the_options_are_these() -> None:
    assert list(options()) == [
        "data.source",
        "data.image_size",
        "data.crop",
        "data.background",
        "data.num_images",
        "data.validation_fraction",
        "data.seed",
        "model.name",
        "model.latent_dim",
        "model.channels",
        "model.hidden_dim",
        "model.likelihood",
        "model.sigma",
        "model.prior",
        "model.modulation",
        "train.epochs",
        "train.batch_size",
        "train.optimizer",
        "train.lr",
        "train.lr_schedule",
        "train.ema",
        "train.objective",
        "train.num_samples",
        "train.estimator",
        "train.beta",
        "train.warmup_steps",
        "train.cycle_steps",
        "train.capacity",
        "train.free_bits",
        "train.checkpoint_every",
        "train.max_minutes",
        "train.patience",
        "train.seed",
        "train.device",
        "train.precision",
        "train.compile",
        "train.flips",
    ]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("train.lr", "3e-4", 3e-4),
        ("train.epochs", "7", 7),
        ("model.channels", "1,2,3,4,5", (1, 2, 3, 4, 5)),
        ("model.likelihood", "none", None),
        ("model.sigma", "0.5", 0.5),
        ("data.source", "none", "none"),
    ],
)
def test_options_are_read_by_their_type(name: str, text: str, value: object) -> None:
    assert parse_option(name, text) == value


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"train.lr": -1.0}, "train.lr"),
        ({"train.lr": float("nan")}, "train.lr"),
        ({"train.epochs": 0}, "train.epochs"),
        ({"model.name": "transformer"}, "conv, mlp"),
        ({"model.channels": (1, 2)}, "five"),
        ({"model.likelihood": "bernoulli", "model.sigma": 0.1}, "gaussian"),
        ({"data.image_size": 8}, "16 to 256"),
        ({"data.validation_fraction": 1.0}, "between 0 and 1"),
        ({"train.momentum": 1}, "train.lr"),
    ],
)
def test_a_mistake_in_the_config_is_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        with_values(Config(), values)


def test_a_config_comes_back_from_its_file() -> None:
    config = with_values(Config(), {"train.lr": 0.5, "model.channels": (1, 2, 3, 4, 5)})
    assert from_json(json.dumps(to_document(config))) == config
    with pytest.raises(FileError, match=r"config\.json"):
        from_json("[1]")


def test_a_lock_that_cannot_be_tried_is_not_held(tmp_path: Path) -> None:
    run = a_run(tmp_path, "start", "end:finished")
    run.lock_file.mkdir()  # as with a file of somebody else, or a disk that may only be read
    assert run.status() == "finished"


def test_a_run_from_before_an_option_goes_on_as_it_began() -> None:
    document = to_document(Config())
    assert from_json(json.dumps(document)) == Config()
    for name in FORMERLY:
        section, _, item = name.partition(".")
        del document[section][item]
    before = from_json(json.dumps(document))
    assert {name: get_value(before, name) for name in FORMERLY} == {
        "train.lr_schedule": "constant",
        "train.optimizer": "adam",
        "model.modulation": "no",
    }
