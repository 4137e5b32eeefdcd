"""The first page opens whatever the runs hold."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.components import scripts
from explorer.server import first_paint


def first_page(root: Path, host: str = "localhost:8501") -> str:
    answer = TestClient(Starlette(routes=first_paint.make_routes(root, "/"))).get(
        "/", headers={"host": host}
    )
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


def test_a_name_that_the_server_does_not_go_by_gets_no_picture(
    trained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_paint.admission, "is_known_host", lambda host: host == "here")
    assert "data:image/webp" in first_page(trained_root, "here")
    assert "data:image/webp" not in first_page(trained_root, "evil.example")


def test_our_script_stands_in_the_place_of_streamlit_s_and_loads_it(tmp_path: Path) -> None:
    streamlit = first_paint.INDEX.read_text("utf-8")
    loaded = re.findall(r'<script type="module" crossorigin src="(.+?)">', streamlit)
    page = first_page(tmp_path)
    assert re.findall(r"<script[^>]+src=", page) == []
    assert [f'data-streamlit="{address}"' in page for address in loaded] == [True]
    assert first_paint.OURS.with_suffix(".js").read_text("utf-8") in page
    assert f'data-connection="{scripts.address("components/connection")}"' in page


def test_the_page_knows_as_what_the_server_was_asked_for_it(tmp_path: Path) -> None:
    assert 'data-host="localhost:8501"' in first_page(tmp_path)
    assert 'data-host=""' in first_page(tmp_path, "faces.example")
    assert "<b>" not in first_page(tmp_path, 'localhost:1"><b>')


def test_a_path_without_its_last_slash_leads_to_the_page_by_a_relative_address(
    tmp_path: Path,
) -> None:
    routes = first_paint.make_routes(tmp_path, "/some/päth/")
    client = TestClient(Starlette(routes=routes), base_url="http://inside")
    answer = client.get("/some/päth?panel=Map", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "p%C3%A4th/?panel=Map"
    assert "first-paint" in client.get("/some/päth?panel=Map").text
