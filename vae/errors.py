"""What can go wrong that a person is told in one sentence: what is wrong, and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 80  # characters of a word that came, in a sentence
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class ExplainedError(Exception):
    """Whose text is that sentence. A command prints it and exits with 2; a page shows it."""


class InputError(ExplainedError, ValueError):
    """A person's bad input: an option, a name, a choice, or what the data are."""


class ImagesGoneError(InputError):
    """The images of a run are neither where they were nor in the cache of imports."""

    def __init__(self, why: str) -> None:
        """`why`: what was found in their place, as a sentence."""
        self.why = why
        super().__init__(
            f"{why} The import of these images is gone too: put them back, or say where they are "
            "now, in the panel Map or with --data.source of the command train."
        )


class FileError(ExplainedError, OSError):
    """A file that is broken or cannot be read, or a disk that cannot be written."""


def short(text: str, longest: int = LONGEST) -> str:
    """`text`, without its middle where it is longer than that."""
    if len(text) <= longest:
        return text
    half = (longest - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def reason_of(error: Exception) -> str:
    """Why something failed, in a sentence where there is one."""
    return str(error) if isinstance(error, ExplainedError) else f"{type(error).__name__}: {error}"


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Turns the OSError of a file that cannot be read into a FileError that names it.

    A file that is not there stays a FileNotFoundError.
    """
    try:
        yield
    except (FileError, FileNotFoundError):
        raise
    except OSError as error:
        raise FileError(f"{file} cannot be read: {error.strerror or error}.") from error


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Turns the OSError of a full or a forbidden disk into a FileError that names `file`."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise FileError(_unwritable(file, error)) from error


def _unwritable(file: Path, error: OSError) -> str:
    if error.errno in FULL:
        return f"The disk is full, so {file} could not be written: free some space and try again."
    if error.errno in FORBIDDEN:
        return f"{file} may not be written: change the permissions, or choose another folder."
    return f"{file} could not be written: {error.strerror or error}."
