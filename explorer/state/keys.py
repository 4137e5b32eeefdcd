"""Names in the state of the page, each with the type of what is kept under it.

A name stands once, in the module that owns it; everybody else imports the key. Nobody else touches
`st.session_state`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import streamlit as st

from explorer.state.session import Session

T = TypeVar("T")


@dataclass
class _Asked:
    """What a widget of the page is to say, and what it said when that was asked for."""

    value: Any
    before: Any
    is_applied: bool = False


def _asked() -> dict[str, _Asked]:
    return cast(dict[str, _Asked], st.session_state.setdefault("asked", {}))


def apply_asked() -> None:
    """Make what was asked for the state of the page; where it begins, before any widget.

    A run of the page that is cut short may not have told the browser, which then goes on saying
    what it said before: what was asked for stands until `forget_asked`, or until a person says
    something else.
    """
    for name, asked in _asked().items():
        if st.session_state.get(name, asked.before) == asked.before:
            st.session_state[name] = asked.value
        asked.is_applied = True


def forget_asked() -> None:
    """Say that the widgets are drawn: the browser knows what they say."""
    for name in [name for name, asked in _asked().items() if asked.is_applied]:
        del _asked()[name]


def is_asked() -> bool:
    """Whether something was asked for that the page does not show yet."""
    return any(not asked.is_applied for asked in _asked().values())


@dataclass(frozen=True)
class Key(Generic[T]):
    """Where the page keeps one value between its runs; `default` stands in until it is set.

    The name is also that of the widget that sets the value, where one does.
    """

    name: str
    default: T

    def get(self) -> T:
        """What is kept, or else the default."""
        return cast(T, st.session_state.get(self.name, self.default))

    def set(self, value: T) -> None:
        """Keep a value."""
        st.session_state[self.name] = value

    def ask(self, value: T) -> None:
        """Let the widget of this name say a value when the whole page is drawn the next time.

        For widgets that every run of the page draws: those of the sidebar, and the tabs.
        """
        _asked()[self.name] = _Asked(value, self.get())

    def begin(self, value: T) -> T:
        """Keep a value where none is kept. Returns what is kept."""
        return cast(T, st.session_state.setdefault(self.name, value))

    def pop(self) -> T:
        """What is kept, which is kept no longer, or else the default."""
        return cast(T, st.session_state.pop(self.name, self.default))

    def is_set(self) -> bool:
        """Whether a value is kept, be it the default."""
        return self.name in st.session_state


@dataclass(frozen=True)
class RunKey(Generic[T]):
    """Where the page keeps one value of each run."""

    name: str
    default: T

    def of(self, session: Session) -> Key[T]:
        """Where it keeps that of the chosen run."""
        return Key(f"{self.name}:{session.run.name}", self.default)
