"""A broken file and a full disk are told in one sentence, by what is wrong with them."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from vae.atomic import atomic_write, make_folder
from vae.commands.parser import main
from vae.errors import ExplainedError, FileError, InputError
from vae.latent import neighbours
from vae.latent.encoding import load_latents
from vae.runs.config_file import load_config
from vae.runs.events import EventWriter, last_event, read_events
from vae.runs.folder import Run


@contextmanager
def room_for(num_bytes: int) -> Iterator[None]:
    """While it lasts, no file of this process can grow past so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_input_and_files_are_two_errors_of_one_kind() -> None:
    assert issubclass(InputError, ExplainedError)
    assert issubclass(FileError, ExplainedError)
    assert not issubclass(FileError, InputError)
    assert str(FileError("one sentence.")) == "one sentence."


def test_a_full_disk_is_told_with_the_file_and_the_old_one_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    atomic_write(file, b"old")
    full = pytest.raises(FileError, match=r"^The disk is full, so .*model\.safetensors could not")
    with room_for(2), full:
        atomic_write(file, b"new")
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


def test_a_log_on_a_full_disk_says_so(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    writer = EventWriter(file, keep_step=0)
    full = pytest.raises(FileError, match=r"^The disk is full, so .*events\.jsonl could not")
    with room_for(2), full:
        writer.write("note", step=0, text="hello")
    writer.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file/folder could not be written: Not a directory"):
        make_folder(tmp_path / "file" / "folder")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot be read: Is a directory"):
        read_events(tmp_path)
    with pytest.raises(FileError, match=r"cannot be read: Is a directory"):
        load_config(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(FileError, match=r"config\.json cannot be read"):
        load_config(tmp_path / "config.json")


@pytest.mark.parametrize("load", [load_latents, neighbours.load_known])
def test_a_torn_npz_is_a_broken_file(load: object, tmp_path: Path) -> None:
    assert callable(load)
    np.savez(tmp_path / "whole.npz", mu=np.zeros((50, 50)))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "torn.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match=r"torn\.npz is not a file of"):
        load(tmp_path / "torn.npz")


def test_a_command_tells_a_broken_file_in_one_line_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "config.json").write_text("{")
    assert main(["evaluate", "a", "--root", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("config.json cannot be read")
    assert error.count("\n") == 1


def test_training_on_a_full_disk_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data.num_images=40", "--data.image_size=16", "--model.channels=4,4,4,4,4"]
    with room_for(40_000):  # for the log and the previews, not for the weights
        assert main(["train", "a", "--root", str(tmp_path), *words]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("train ")]
    assert len(error) == 1
    assert error[0].startswith("The disk is full, so ")
    run = Run(tmp_path / "a")
    assert run.status() == "failed"
    assert last_event(run.events(), "end")["reason"] == error[0]
