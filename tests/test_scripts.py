"""Scripts of our components: one version for all of them, kept by the browser."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.components import scripts


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scripts."""
    folder = tmp_path / "assets"
    shutil.copytree(scripts.ASSETS, folder)
    monkeypatch.setattr(scripts, "ASSETS", folder)
    return folder


def test_a_change_in_any_script_is_another_address_of_all(assets: Path) -> None:
    before = scripts.version()
    (assets / "decoder.js").write_text("export const nothing = 0;")
    assert scripts.version() != before


def test_every_import_of_a_script_is_served_under_its_own_version() -> None:
    client = TestClient(Starlette(routes=[scripts.make_route()]))
    for path in scripts.ASSETS.glob("*.js"):
        address = f"/live/{scripts.version()}/{path.name}"
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        for name in re.findall(r'from "\./(.+?)"', answer.text):
            assert client.get(address.replace(path.name, name)).status_code == 200


def test_an_earlier_address_is_answered_but_not_kept() -> None:
    client = TestClient(Starlette(routes=[scripts.make_route()]))
    assert client.get("/live/earlier/dials.js").headers["cache-control"] == "no-store"
    assert client.get("/live/earlier/none.js").status_code == 404
    assert client.get("/live/earlier/..%2Froutes.js").status_code == 404
