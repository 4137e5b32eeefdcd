"""The forms in which the paths of images and the names in tables are compared, strict to loose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from vae.data.folders.sorted_files import SUFFIX

PADDING = re.compile(r"(?<![\d.])0+(?=\d)")  # 1.05 is not 1.5

Form = Callable[[str], str]


def _composed(path: str) -> str:
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _any_case(path: str) -> str:
    return _composed(path.casefold())


def unpadded(path: str) -> str:
    """`path` in its loosest form but for the suffix: in any case, and numbers without zeros."""
    return PADDING.sub("", _any_case(path))


def _without_suffix(path: str) -> str:
    dot = path.rfind(".")
    is_suffix = dot > 0 and path[dot - 1] != "/" and SUFFIX.fullmatch(path, dot)
    return path[:dot] if is_suffix else path


def _bare(form: Form) -> Form:
    return lambda path: _without_suffix(form(path))


# How the path of an image and the name in a row are written to be compared, from strict to loose:
# a row may leave the suffix out, or, last of all, have another one.
FORMS: tuple[tuple[Form, Form], ...] = (
    (str, str),
    (_composed, _composed),
    (_bare(_composed), _composed),
    (_any_case, _any_case),
    (_bare(_any_case), _any_case),
    (unpadded, unpadded),
    (_bare(unpadded), unpadded),
    (_bare(_composed), _bare(_composed)),
    (_bare(_any_case), _bare(_any_case)),
    (_bare(unpadded), _bare(unpadded)),
)
LOOSEST = FORMS[-1][1]
