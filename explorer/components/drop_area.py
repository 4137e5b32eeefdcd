"""Where images, a zip file or a whole folder are dropped or chosen, and sent as they lie.

The browser sends them to `explorer.server.upload_route`, whatever the page does meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from explorer.components import scripts
from explorer.server import admission
from explorer.state.keys import Key


def show(key: str, use: Callable[[str], None]) -> None:
    """Draw the area; `use` is called with the name of each set that has arrived.

    The state of the area is ``st.session_state[key]``, as ``{"arrived": ["faces", 3]}``: the name
    of the newest set, and a number that no set before has had.
    """
    state = Key[Any](key, None)

    def arrived() -> None:
        match (state.get() or {}).get("arrived"):
            case [str(name), _]:
                use(name)

    component = scripts.component("drop_area", "components/drop_area", scripts.BUTTONS)
    component(key=key, data={"token": admission.token()}, on_arrived_change=arrived)
