"""How a path goes: its kind, its images, its steps, and where a hand stands on it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.panels.interpolate import player
from explorer.state import chosen_path
from explorer.state.chosen_path import KINDS, MAX_KEYS, STEPS, Tour
from explorer.state.keys import Key, RunKey
from explorer.state.session import Session
from vae.option_choices import PathKind

_KIND = RunKey[PathKind]("kind", "slerp")
_NUM_KEYS = RunKey("num_keys", 2)
_STEPS = RunKey("steps", 9)
_TOUR = RunKey("tour", Tour())


def show(session: Session, keys: str = "Images to go through") -> tuple[PathKind, int, int]:
    """How to go: the kind of path, the number of pictures, the number of `keys`."""
    before = chosen_path.chosen(session)
    kinds = [kind for kind in KINDS if kind != "dense" or chosen_path.roads(session) is not None]
    if _KIND.of(session).begin(before.kind) not in kinds:
        _KIND.of(session).set(kinds[0])
    _NUM_KEYS.of(session).begin(before.num_keys)
    _STEPS.of(session).begin(before.steps)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Path",
            kinds,
            required=True,
            format_func=KINDS.__getitem__,
            key=_KIND.of(session).name,
            help=(
                "All paths run between posterior means. The **great arc** (slerp) keeps its "
                "distance from the origin of the latent space; the **straight line** (lerp) passes "
                "closer to it. The path through **dense regions** keeps to where images lie, so "
                "its points are more like them: it is the great arc in the base of the flow fitted "
                "to the codes or, without a flow, the cheapest path from neighbour to neighbour "
                "among posterior means, smoothed."
            ),
        )
        num_keys = st.segmented_control(
            keys,
            range(2, MAX_KEYS + 1),
            required=True,
            key=_NUM_KEYS.of(session).name,
        )
        steps = st.selectbox("Steps", STEPS, key=_STEPS.of(session).name, width=90)
    kind = kind or before.kind
    chosen_path.choose(session, kind, int(num_keys or 2), int(steps))
    return kind, int(steps), int(num_keys or 2)


def player_key(session: Session) -> str:
    """The key of the player."""
    return chosen_path.component_key(session, "path")


def newest_tour(session: Session) -> tuple[Tour, int | None]:
    """Where one stands, by the newest move of a hand, which the page keeps; and its number."""
    told = player.newest_tour(Key[Any](player_key(session), None).get())
    if told is not None:
        _TOUR.of(session).set(told[1])
    return _TOUR.of(session).get(), None if told is None else told[0]


def restore(session: Session, picked: list[int], kind: PathKind, steps: int, tour: Tour) -> None:
    """Make the path of a file the one on the screen; before the controls are drawn."""
    chosen_path.pick(session, picked)
    chosen_path.renew_components(session)
    _KIND.of(session).set(kind)
    _STEPS.of(session).set(steps)
    _NUM_KEYS.of(session).set(len(picked))
    _TOUR.of(session).set(tour)
