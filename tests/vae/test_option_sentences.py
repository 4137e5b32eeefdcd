"""Every sentence about a wrong option reads as one would write it by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vae import config as configuration
from vae.commands import parser
from vae.config import Config, parse_option, with_values
from vae.data.dataset import open_dataset
from vae.data.run_images import open_run_images
from vae.data.versions.version_file import Version, write_version
from vae.errors import ExplainedError, ImagesGoneError, InputError
from vae.option_checks import typed
from vae.runs.folder import open_run

NUMBERS = ("-1", "0", "1.5", "1e14", "-1e-5", "nan", "inf", "1e300", "x" * 300, "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1.0, "-1"),
        (5e-05, "0.00005"),
        (1e14, "100000000000000"),
        (1e300, "1e300"),
        (0.1, "0.1"),
        (0.0, "0"),
        (-2.5, "-2.5"),
        (100, "100"),
        (float("nan"), "a value that is no number"),
        (float("inf"), "infinity"),
    ],
)
def test_a_number_is_written_as_a_person_types_it(value: float, text: str) -> None:
    assert typed(value) == text


@pytest.mark.parametrize("name", configuration.options())
def test_no_sentence_is_stilted(name: str) -> None:
    num_said = 0
    for text in NUMBERS:
        try:
            with_values(Config(), {name: parse_option(name, text)})
        except InputError as error:
            sentence = str(error)
            num_said += 1
            assert name in sentence
            assert sentence.endswith(".")
            assert len(sentence) < 250
            unquoted = re.sub(r"'.*'", "", sentence)
            assert not re.search(r"finite|\de[+-]\d|-1\.0\b|\b(nan|inf)\b", unquoted), sentence
    assert num_said


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("train.epochs", "1.5", "train.epochs must be a whole number, not 1.5."),
        ("train.epochs", "two", "train.epochs must be a whole number, not 'two'."),
        ("train.beta", "-1", "train.beta must be 0 or a number above it, not -1."),
        ("train.lr", "-0.00005", "train.lr must be a number above 0, not -0.00005."),
        ("train.lr", "fast", "train.lr must be a number, not 'fast'."),
        ("model.channels", "3,4", "model.channels must be five whole numbers from 1 to 2048, such"),
    ],
)
def test_what_is_wrong_is_said_with_what_came(name: str, text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        with_values(Config(), {name: parse_option(name, text)})
    assert str(caught.value).startswith(sentence)


def test_a_flag_of_a_command_that_must_be_whole_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for flag, text, what in (
        ("--num", "1.5", "a whole number, not 1.5"),
        ("--temperature", "hot", "a number, not 'hot'"),
    ):
        with pytest.raises(SystemExit):
            parser.main(["sample", "a", flag, text])
        assert f"{flag}: must be {what}" in capsys.readouterr().err


def test_names_that_are_too_long_are_cut(tmp_path: Path) -> None:
    for say in (
        lambda: open_run(tmp_path, "a" * 3000),
        lambda: open_dataset(Config().data.__class__(source="/a" * 3000), tmp_path),
        lambda: with_values(Config(), {"train." + "a" * 3000: 1}),
        lambda: parse_option("train.lr", "a" * 3000),
        lambda: with_values(Config(), {"model.name": "a" * 3000}),
    ):
        with pytest.raises(InputError) as caught:
            say()
        assert "aaa...aaa" in str(caught.value).replace("/", "")
        assert len(str(caught.value)) < 900


def test_a_path_where_nothing_is_has_one_wording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "no"
    words = f"There is nothing at {gone}"
    data = configuration.DataConfig(source=str(gone))
    file = tmp_path / "some.json"
    write_version(file, Version(str(gone), "keep", ("a.png",), ""))
    version = configuration.DataConfig(source=str(file))
    for say, kind in (
        (lambda: open_dataset(data, tmp_path / ".data"), InputError),
        (lambda: open_run_images(data, tmp_path / ".data", "f" * 64), ImagesGoneError),
        (lambda: open_dataset(version, tmp_path / ".data"), InputError),
    ):
        with pytest.raises(ExplainedError) as caught:
            say()
        assert isinstance(caught.value, kind)
        assert words in str(caught.value)
    for command in (["train", "a", "--data"], ["check"]):
        assert parser.main([*command, str(gone), "--root", str(tmp_path)]) == 2
        assert words in capsys.readouterr().err
