"""Names from outside, and durations, as words of the page."""

from __future__ import annotations


def label_of(name: str) -> str:
    """The name of an attribute or a measure in words: head_turn as Head turn, KL as it is."""
    return name if name.isupper() else name.replace("_", " ").capitalize()


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
