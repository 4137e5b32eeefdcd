"""The wheel is a working app: installed anew and started in an empty folder, it shows a face.

The fresh environment borrows what the package needs from the one that runs the tests; the package
itself comes from the wheel, which is made from the source distribution.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from websockets.sync.client import connect

import vae
from explorer.components import scripts
from explorer.drawing import images
from explorer.server.decode_socket import REPLY, REQUEST
from vae.model.checkpoints import load_model
from vae.runs.folder import Run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BUILT_FROM = [
    *("app.py", "setup.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE"),
    *("vae", "explorer", ".streamlit", "checkpoints/anime-faces"),
    "checkpoints/clothes",
]


def copied_source(target: Path) -> Path:
    """What a build reads, in a folder where a build may write."""
    for name in BUILT_FROM:
        source, copy = ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    return target


class Installed:
    """The package in an environment of its own, and an empty folder to use it in."""

    def __init__(self, folder: Path) -> None:
        self.environment, self.home = folder / "venv", folder / "home"
        self.folder = folder / "empty"
        self.home.mkdir()
        self.folder.mkdir()
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", self.environment], check=True
        )
        self.python = self.environment / "bin" / "python"
        where = "import sysconfig; print(sysconfig.get_path('purelib'))"
        told = subprocess.run(
            [self.python, "-c", where], capture_output=True, check=True, text=True
        )
        self.packages = Path(told.stdout.strip())
        borrowed = self.packages / "borrowed.pth"
        borrowed.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    def install(self, wheel: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--no-index"]
        subprocess.run([*pip, "--quiet", "--no-deps", "--ignore-installed", wheel], check=True)

    def command(self, *words: str) -> list[str]:
        return [str(self.environment / "bin" / "latent-explorer"), *words]

    def variables(self) -> dict[str, str]:
        ours = ("PYTHONPATH", "VAE_ROOT")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {"HOME": str(self.home), "BROWSER": "true"}

    def run(self, *words: str) -> str:
        """What the command prints."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def files(self) -> dict[str, int]:
        """Every file of the environment and the home, with when it was written."""
        files = (path for top in (self.packages, self.home) for path in top.rglob("*"))
        return {
            str(path): path.stat().st_mtime_ns
            for path in files
            if path.is_file() and path.suffix != ".pyc"
        }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("packaging")
    source, built = copied_source(folder / "source"), folder / "built"
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", built, source]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    installed = Installed(folder)
    installed.install(next(built.glob("*.whl")))
    return installed


@pytest.fixture(scope="module")
def port(installed: Installed) -> Iterator[int]:
    """The app, started by its console script in the empty folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = installed.home.with_name("server.log")
    with open(log, "wb") as output:
        server = subprocess.Popen(
            installed.command("--port", str(port)),
            cwd=installed.folder,
            env=installed.variables(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"http://localhost:{port}/_stcore/health", server, log)
            yield port
        finally:
            server.terminate()
            server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            assert fetched(address) == b"ok"
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return bytes(answer.read())


def test_the_installed_package_is_what_runs(installed: Installed) -> None:
    where = "import vae, explorer; print(vae.__file__, explorer.__file__)"
    for file in installed.run(str(installed.python), "-c", where).split():
        assert Path(file).is_relative_to(installed.packages)


def test_the_version_is_one(installed: Installed) -> None:
    metadata = next(installed.packages.glob("latent_explorer-*.dist-info/METADATA")).read_text()
    assert f"\nVersion: {vae.__version__}\n" in metadata
    said = f"latent-explorer {vae.__version__}\n"
    assert installed.run(*installed.command("--version")) == said
    assert installed.run(str(installed.python), "-m", "vae", "--version") == said


def test_commands_see_the_shipped_run_and_write_nothing_beside_it(installed: Installed) -> None:
    before = installed.files()
    listed = installed.run(*installed.command("runs", "--json")).splitlines()[-1]
    assert [run["run"] for run in json.loads(listed)["runs"]] == ["anime-faces", "clothes"]
    installed.run(*installed.command("sample", "anime-faces", "--num", "4"))
    assert [path.name for path in installed.folder.iterdir()] == ["anime-faces-sample.png"]
    (installed.folder / "anime-faces-sample.png").unlink()
    assert installed.files() == before


def test_an_empty_folder_shows_the_page_its_scripts_and_a_face(
    installed: Installed, port: int
) -> None:
    before, local = installed.files(), f"localhost:{port}"
    assert b"<title>" in fetched(f"http://{local}/")
    script = fetched(f"http://{local}/live/{scripts.version()}/panels/sliders/dials.js")
    assert script == (ROOT / "explorer" / "panels" / "sliders" / "dials.js").read_bytes()

    model, _ = load_model(Run(ROOT / "checkpoints" / "anime-faces"))
    z = np.zeros((1, model.latent_dim), np.float32)
    with connect(f"ws://{local}/live/decode/anime-faces", origin=f"http://{local}") as talk:
        talk.send(REQUEST.pack(7, 1) + z.tobytes())
        reply = talk.recv(timeout=60)
    assert isinstance(reply, bytes)
    number, _, *shape = REPLY.unpack_from(reply)
    face = np.frombuffer(reply, np.uint8, offset=REPLY.size).reshape(shape)
    assert number == 7
    assert np.abs(face - images.decode(model, z).astype(int)).max() <= 1
    assert list(installed.folder.iterdir()) == []
    assert installed.files() == before


def test_the_app_has_the_settings_of_the_repository(installed: Installed, port: int) -> None:
    log = installed.home.with_name("server.log").read_text()
    assert re.search(rf"URL: http://localhost:{port}\b", log)
    assert "Network URL" not in log
    # Another loopback address stands for those that others could reach.
    refused = pytest.raises((ConnectionRefusedError, TimeoutError))
    with refused, socket.create_connection(("127.0.0.2", port), timeout=5):
        pass
