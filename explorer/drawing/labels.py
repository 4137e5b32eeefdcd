"""Names from outside, and durations, as words of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping

OPTIONS = {  # of the command, as the form of a new run calls them
    "data.source": "Data",
    "data.crop": "Crop",
    "data.background": "Background",
    "data.num_images": "the number of images",
    "data.image_size": "Image size",
    "model.latent_dim": "Latent dimensions",
    "train.epochs": "Epochs",
    "train.beta": "Beta",
    "train.batch_size": "Batch size",
    "train.lr": "Learning rate",
}

# What became of files that are no images of the set.
REASONS = {
    "broken": "broken",
    "duplicate": "copied from another",
    "too_large": "too large",
    "unreadable": "unreadable",
    "linked": "linked",
    "test": "kept apart for testing",
    "excluded": "by hand",
    "other": "of another kind",
    "system": "hidden or of the system",
}


def label_of(name: str) -> str:
    """The name of an attribute or a measure in words: head_turn as Head turn, KL as it is."""
    return name if name.isupper() else name.replace("_", " ").capitalize()


def rounded_down(share: float) -> str:
    """A share of a variance with two digits, so that none reaches a bound that it does not."""
    return f"{math.floor(100 * max(share, 0.0) + 1e-9) / 100:.2f}"


def counted(num: int, what: str) -> str:
    """So many of them, in words: 1 image, 2,000 images."""
    return f"{num:,} {what}{'s' * (num != 1)}"


def plain(text: str) -> str:
    """`text` with nothing left in it that Markdown would read."""
    return "".join(
        f"\\{letter}" if letter in r"\`*_{}[]()#+-.!|<>:$~" else letter for letter in text
    )


def duration(seconds: float) -> str:
    """About how long, in words: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def in_form_words(sentence: str) -> str:
    """The sentence with the fields of the form in place of the command's options."""
    for option, label in OPTIONS.items():
        sentence = sentence.replace(option, label)
    return sentence


def left_out(counts: Mapping[str, int]) -> dict[str, int]:
    """Of the counts of an import, by reason, those of what is not used."""
    return {reason: num for reason, num in counts.items() if num and reason in REASONS}


def reasons(counts: Mapping[str, int]) -> str:
    """What was left out, in words: 12 broken, 3 copied from another."""
    return ", ".join(f"{num:,} {REASONS[reason]}" for reason, num in counts.items())
