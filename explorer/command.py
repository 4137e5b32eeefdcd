"""The console script `latent-explorer`: the app, or with a command what `python -m vae` does."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import vae
from vae.commands import parser as commands

NAME = "latent-explorer"


def entry() -> Path:
    """The script that Streamlit runs, its settings beside it: in the package, or in the clone."""
    package = Path(__file__).resolve().parent
    installed = package / "entry" / "app.py"
    return installed if installed.exists() else package.parent / "app.py"


def parser() -> argparse.ArgumentParser:
    """The flags of the app; a command has its own."""
    root = Path(os.environ.get("VAE_ROOT", "checkpoints"))
    app_parser = commands.Parser(
        prog=NAME,
        usage=f"{NAME} [--root DIR] [--port N]\n       {NAME} COMMAND ...",
        description="Open the app in a browser. With a command, the same as `python -m vae`: "
        f"`{NAME} train faces`. `python -m vae --help` lists the commands.",
    )
    app_parser.add_argument(
        *("--root",), type=Path, default=root, metavar="DIR", help="the runs (default: %(default)s)"
    )
    app_parser.add_argument(
        *("--port",), type=int, metavar="N", help="default: 8501, or the next that is free"
    )
    app_parser.add_argument("--version", action="version", version=f"{NAME} {vae.__version__}")
    return app_parser


def main(words: list[str] | None = None) -> int:
    """Open the app, or run one command. Returns the exit code."""
    words = sys.argv[1:] if words is None else words
    if words and not words[0].startswith("-"):
        return commands.main(words, NAME)
    arguments = parser().parse_args(words)
    os.environ["VAE_ROOT"] = str(arguments.root.resolve())
    port = [] if arguments.port is None else [f"--server.port={arguments.port}"]

    from streamlit.web import cli

    cli.main(["run", str(entry()), *port])  # exits by itself
    return 0
