"""Scripts of our components: one version for all of them, kept by the browser."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urljoin

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from explorer.components import scripts


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[Mount("/live", routes=[scripts.make_route()])]))


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scripts."""
    folder = tmp_path / "assets"
    shutil.copytree(scripts.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(scripts, "FOLDER", folder)
    return folder


def test_a_change_in_any_script_is_another_address_of_all(assets: Path) -> None:
    before = scripts.version()
    (assets / "components" / "decoder.js").write_text("export const nothing = 0;")
    assert scripts.version() != before


def test_every_import_of_a_script_is_served_under_its_own_version(client: TestClient) -> None:
    paths = list(scripts.FOLDER.rglob("*.js"))
    assert paths
    for path in paths:
        name = path.relative_to(scripts.FOLDER).with_suffix("").as_posix()
        address = f"/{scripts.address(name)}"
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        for name in re.findall(r'from "(\..+?)"', answer.text):
            assert client.get(urljoin(address, name)).status_code == 200


def test_an_earlier_address_is_answered_but_not_kept(client: TestClient) -> None:
    answer = client.get("/live/earlier/panels/sliders/dials.js")
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/live/earlier/none.js").status_code == 404
    assert client.get("/live/earlier/..%2Froutes.js").status_code == 404


def test_every_style_sheet_lies_beside_the_module_or_script_that_it_is_of() -> None:
    for sheet in scripts.FOLDER.rglob("*.css"):
        assert any(sheet.with_suffix(suffix).is_file() for suffix in (".py", ".js")), sheet


def test_a_style_is_the_sheet_beside_the_module() -> None:
    sheet = scripts.FOLDER / "components" / "typicality.css"
    assert scripts.style(str(sheet.with_suffix(".py"))) == f"<style>{sheet.read_text()}</style>"


def test_no_script_or_style_names_a_colour_that_is_the_theme_s() -> None:
    options = [f"theme.{kind}.primaryColor" for kind in ("light", "dark")]
    for path in scripts.FOLDER.rglob("*"):
        if path.suffix in (".py", ".js", ".css"):
            text = path.read_text("utf-8").lower()
            assert not any(st.get_option(option) in text for option in options), path
