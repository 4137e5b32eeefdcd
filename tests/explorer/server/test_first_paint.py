"""The first page opens whatever the runs hold."""

from __future__ import annotations

import shutil
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.server import first_paint


def first_page(root: Path) -> str:
    answer = TestClient(Starlette(routes=[first_paint.make_route(root)])).get("/")
    assert answer.status_code == 200
    return answer.text


def test_a_face_is_on_the_first_page(trained_root: Path) -> None:
    assert "data:image/webp" in first_page(trained_root)


def test_a_broken_picture_is_left_out_for_the_next_run(trained_root: Path, tmp_path: Path) -> None:
    assert "data:image/webp" not in first_page(tmp_path)
    shutil.copytree(trained_root / "tiny", tmp_path / "a-broken-one")
    for sheet in (tmp_path / "a-broken-one" / "previews").iterdir():
        sheet.write_bytes(sheet.read_bytes()[:60])
    assert "data:image/webp" not in first_page(tmp_path)
    shutil.copytree(trained_root / "tiny", tmp_path / "b-whole-one")
    assert "data:image/webp" in first_page(tmp_path)
