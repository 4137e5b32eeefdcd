"""What an import tells: how far it is, and what became of every file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vae.data.collection import CONTAINERS, Source

Progress = Callable[[str, int, int], None]  # what, done, total

NUM_EXAMPLES = 24  # names in the manifest for each reason
PROGRESS_SECONDS = 0.1


@dataclass
class Tally:
    """What became of every file: counts, and the first few names, by reason."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, name: str, why: str = "") -> str | None:
        """Counts a file. Returns its example, None where there are enough of them."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) == NUM_EXAMPLES:
            return None
        examples.append(f"{escaped(name)}: {escaped(why)}" if why else escaped(name))
        return examples[-1]


def throttled(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    last = -PROGRESS_SECONDS

    def report(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= PROGRESS_SECONDS:
            last = now
            progress(what, done, total)

    return report


def some_of(num: int, total: int, what: str) -> str:
    """ "2 of 3 images are", "1 of 3 images is": the beginning of a sentence."""
    return f"{num:,} of {total:,} {what}{'s' * (total != 1)} {'is' if num == 1 else 'are'}"


def escaped(name: str) -> str:
    """`name` without line breaks, control and direction characters, to be shown."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def shown(name: str) -> str:
    """A name in a sentence, in quotes; of a long one the end."""
    return f"'{escaped(name if len(name) <= 80 else '...' + name[-77:])}'"


def cause_of(error: Exception) -> str:
    """Why a file cannot be read, in words that a person can use."""
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return f"it cannot be read: {error.strerror.lower()}"
    words = " ".join(str(error).split())
    if re.match("(?i)(image file is truncated|truncated file)", words):  # as Pillow says it
        return "the file ends before the image does"
    return re.sub(r"\s*<[^<>]* at 0x[0-9A-Fa-f]+>", "", words)[:200] or type(error).__name__


def nothing_found(source: Source, tally: Tally) -> str:
    found = [
        f"{count} {reason.replace('_', ' ')} (such as {tally.examples[reason][0]})"
        for reason, count in sorted(tally.counts.items())
    ]
    return (
        f"There is no usable image in {source.name!r}: expected PNG, JPEG, WebP, GIF, BMP or TIFF "
        f"files, or {CONTAINERS}, found {', '.join(found) or 'nothing'}."
    )
