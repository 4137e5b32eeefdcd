"""The form of a new run: what it asks is what the command is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.sidebar.new_run import NewRun
from tests.explorer.pages import PAGE
from vae.config import Config, get_value, options
from vae.runs import processes, torchrun
from vae.runs.folder import Run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Run, dict[str, str]]]:
    """The runs that the page starts, with their options, instead of trainers."""
    runs: list[tuple[Run, dict[str, str]]] = []
    monkeypatch.setattr(processes, "start_training", lambda *args: runs.append(args))
    return runs


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("VAE_ROOT", str(tmp_path))
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def press_start(at: AppTest) -> None:
    next(one for one in at.sidebar.button if one.label == "Start training").click().run()
    assert not at.exception


def test_nothing_chosen_is_the_default_of_the_command(
    at: AppTest, started: list[tuple[Run, dict[str, str]]]
) -> None:
    press_start(at)
    [(run, told)] = started
    assert run.name == "faces-1"
    assert told == {name: str(get_value(Config(), name)) for name in told}


@pytest.mark.parametrize(
    ("label", "value"), [("Beta", 5000.0), ("Epochs", 10**14), ("Learning rate", 50.0)]
)
def test_a_wrong_number_that_is_still_under_the_hand_starts_nothing(
    at: AppTest, started: list[tuple[Run, dict[str, str]]], label: str, value: float
) -> None:
    field = next(one for one in at.sidebar.number_input if one.label == label)
    field.set_value(value)  # the press of Start is what leaves the field
    press_start(at)
    assert not started
    assert any(error.value.startswith(label) for error in at.sidebar.error)


def test_the_name_of_a_run_that_has_begun_is_not_asked_for_again(
    at: AppTest, started: list[tuple[Run, dict[str, str]]]
) -> None:
    name = next(one for one in at.sidebar.text_input if one.label == "Name")
    name.set_value("mine")
    press_start(at)
    assert [run.name for run, _ in started] == ["mine"]
    assert not next(one for one in at.sidebar.text_input if one.label == "Name").value


def test_every_answer_reaches_the_command(
    at: AppTest, started: list[tuple[Run, dict[str, str]]]
) -> None:
    answers = {
        "Data": " images.zip ",
        "Name": "mine",
        "Epochs": 3,
        "Latent dimensions": 7,
        "Network": "mlp",
        "Likelihood": "laplace",
        "Objective": "beta_tc",
        "Beta": 2.5,
        "Batch size": 16,
        "Learning rate": 0.01,
    }
    for element in [*at.sidebar.text_input, *at.sidebar.number_input, *at.sidebar.selectbox]:
        if element.label in answers:
            element.set_value(answers.pop(element.label))
    assert not answers
    next(one for one in at.sidebar.checkbox if one.label == "Flip images").check()
    press_start(at)
    [(run, told)] = started
    assert run.name == "mine"
    assert told == {
        "data.source": "images.zip",
        "train.epochs": "3",
        "model.latent_dim": "7",
        "model.name": "mlp",
        "model.likelihood": "laplace",
        "train.objective": "beta_tc",
        "train.beta": "2.5",
        "train.batch_size": "16",
        "train.lr": "0.01",
        "train.flips": "yes",
    }
    assert told.keys() <= options().keys()


def test_an_automatic_batch_size_is_told_whatever_stands_in_the_field(
    at: AppTest, started: list[tuple[Run, dict[str, str]]]
) -> None:
    field = next(one for one in at.sidebar.number_input if one.label == "Batch size")
    field.set_value(-1.0)
    next(one for one in at.sidebar.checkbox if one.label == "Automatic batch size").check()
    press_start(at)
    [(_, told)] = started
    assert told["train.batch_size"] == "auto"
    assert next(one for one in at.sidebar.number_input if one.label == "Batch size").disabled


@pytest.mark.parametrize(
    ("source", "name"),
    [("synthetic", "faces-1"), ("/data/My Cats.zip", "my-cats-1"), ("///", "run-1")],
)
def test_a_run_is_called_after_its_images(tmp_path: Path, source: str, name: str) -> None:
    assert NewRun(source=source).name_under(tmp_path) == name


def test_several_gpus_train_a_run_together(
    at: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, or as many as are asked for; where there is one there is no question."""
    assert "GPUs" not in [one.label for one in at.sidebar.number_input]
    asked: list[int] = []
    monkeypatch.setattr(
        processes, "start_training", lambda *_, num_processes: asked.append(num_processes)
    )
    monkeypatch.setattr(torchrun, "num_gpus", lambda: 4)
    press_start(at.run())
    next(one for one in at.sidebar.number_input if one.label == "GPUs").set_value(2).run()
    press_start(at)
    assert asked == [4, 2]


def test_a_batch_has_an_image_for_each_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchrun, "num_gpus", lambda: 4)
    assert NewRun(batch_size=3).problem(tmp_path).startswith("Batch size 3 is less than one image")
    asked = [
        NewRun(batch_size=4),
        NewRun(batch_size=3, gpus=2),
        NewRun(batch_size=3, auto_batch=True),
    ]
    assert [one.problem(tmp_path) for one in asked] == ["", "", ""]
