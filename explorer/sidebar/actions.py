"""What a press of a button in the sidebar does, and what it says where it cannot."""

from __future__ import annotations

from collections.abc import Callable

from explorer.state import cache
from explorer.state.keys import Key
from vae.errors import ExplainedError

MESSAGE = Key("message", "")  # what could not be done


def attempt(action: Callable[[], object]) -> bool:
    """Do it; what it refuses becomes a sentence in the sidebar."""
    try:
        action()
        cache.is_locked.clear()
    except ExplainedError as error:
        MESSAGE.set(str(error))
        return False
    MESSAGE.pop()
    return True
