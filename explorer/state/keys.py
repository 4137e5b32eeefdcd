"""Names in the state of the page, each with the type of what is kept under it.

A name stands once, in the module that owns it; everybody else imports the key. Nobody else touches
`st.session_state`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import streamlit as st

from explorer.state.session import Session

T = TypeVar("T")


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
