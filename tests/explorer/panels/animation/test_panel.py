"""The training animation: every picture, in true colours, on the screen and in files."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.drawing import charts
from explorer.panels.animation import downloads
from explorer.panels.animation.frames import frame_events, payload
from explorer.state.session import Session
from explorer.state.through_flow import through_flow
from tests.explorer.pages import open_panel, texts
from vae import pictures
from vae.runs.folder import Run


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


def test_the_same_noise_goes_through_the_flow_at_the_end(trained_root: Path) -> None:
    session = Session(trained_root, Run(trained_root / "tiny"))
    frames, then = frame_events(session), through_flow(session)
    assert then is not None
    data = payload(session.run.folder, frames, then)
    size = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + size])
    assert len(header) == len(frames) + len(then.sheets)
    assert header[-1]["label"] == "through the flow, 100%"
    assert len({item["id"] for item in header}) == len(header)
    assert len(data) == 4 + size + sum(item["num_bytes"] for item in header)
    files = tuple(str(session.run.folder / event["samples"]) for event in frames[-2:])
    film = downloads.animation_file(files, ".gif", "", then.identity, then)
    with Image.open(BytesIO(film)) as image:
        assert image.n_frames == 2 + len(then.sheets)


def test_the_end_with_the_flow_can_be_left_out(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_panel(trained_root, "Animation", monkeypatch)
    (toggle,) = (one for one in at.toggle if one.label == "End with the flow")
    assert toggle.value
    sizes = []
    for wanted in (True, False):
        toggle.set_value(wanted).run()
        assert not at.exception
        player = next(e for e in at.get("bidi_component") if e.key == "training_animation")
        sizes.append(len(player.proto.bytes))
        (toggle,) = (one for one in at.toggle if one.label == "End with the flow")
        assert toggle.value is wanted
    assert sizes[1] < sizes[0]


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
