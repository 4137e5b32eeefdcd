"""Names from outside as words of the page."""

from __future__ import annotations


def label_of(name: str) -> str:
    """The name of an attribute or a measure in words: head_turn as Head turn, KL as it is."""
    return name if name.isupper() else name.replace("_", " ").capitalize()


def plain(text: str) -> str:
    """`text` with nothing left in it that Markdown would read."""
    return "".join(
        f"\\{letter}" if letter in r"\`*_{}[]()#+-.!|<>:$~" else letter for letter in text
    )
