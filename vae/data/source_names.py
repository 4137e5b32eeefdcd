"""A source as a person writes or pastes it, made plain: quotes, file:// addresses, ~ and $NAME.

Needs no file to exist and imports nothing heavy, so that a command can ask before it loads torch.
"""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from urllib.parse import unquote

from vae.errors import short

QUOTES = ("''", '""', "``", "\u201c\u201d", "\u2018\u2019", "\u00ab\u00bb")
WANTED = (
    "give synthetic, fashion, torchvision:NAME, or the path of a folder of images, a .zip, an "
    ".npz or MNIST's idx files"
)
BUILT_IN = {"fashion": Path(__file__).parent / "built_in" / "fashion.npz"}  # beside what is drawn
NO_PATH = re.compile(rf"synthetic|{'|'.join(BUILT_IN)}|torchvision:.*", re.DOTALL)


def plain_source(source: str) -> str:
    """`source` without the quotes around it, as the path that it means where it means one."""
    text = source.strip()
    while len(text) > 1 and text[0] + text[-1] in QUOTES:
        text = text[1:-1].strip()
    if text[:7].lower() == "file://":
        return _of_address(text[7:])
    if NO_PATH.fullmatch(text) or not text or os.path.exists(text):
        return text
    path = os.path.expandvars(os.path.expanduser(text))
    unescaped = re.sub(r"\\(?=\W)(.)", r"\1", path)  # as a shell writes `my\ folder`
    return unescaped if not os.path.exists(path) and os.path.exists(unescaped) else path


def source_path(source: str) -> Path | None:
    """Where a plain source lies; None for one that is built in or fetched."""
    return None if NO_PATH.fullmatch(source) else Path(source)


def is_there(path: Path) -> bool:
    """Whether a path leads to something: a file, a folder, or one of the idx sets in one."""
    files = f"{glob.escape(path.name)}*images*idx3*"
    zips = [place for place in path.parents if place.suffix.lower() == ".zip"]
    if os.path.exists(path) or any(map(os.path.isfile, zips)):
        return True
    try:
        return any(path.parent.glob(files))
    except OSError:  # a name that is too long for any disk
        return False


def nothing_at(source: str) -> str:
    """That nothing is there, without a full stop: the sentence may go on with what to do."""
    is_web = re.search(r"(^|/)(https?|ftp):/", source, re.IGNORECASE)
    note = " on this machine, and nothing is fetched from the web (download it first)"
    return f"There is nothing at {short(source, 200)}{note if is_web else ''}"


def _of_address(rest: str) -> str:
    """The path in a file:// address, after those characters; only this machine has files."""
    if rest[:10].lower() == "localhost/":
        rest = rest[9:]
    path = unquote(rest)
    return path[1:] if re.match(r"/[A-Za-z]:[/\\]", path) else path
