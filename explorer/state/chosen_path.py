"""The path between picked images, which Interpolate draws and the map shows.

K picked images, S steps, D latent dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.drawing import images
from explorer.drawing.images import Floats
from explorer.state import cache
from explorer.state.keys import RunKey
from explorer.state.opened_run import OpenedRun
from explorer.state.session import Session
from vae.option_choices import PathKind

if TYPE_CHECKING:
    from vae.latent.paths import Along, Roads

LETTERS = "ABCDEF"
STEPS = (5, 7, 9, 11, 13, 15)  # of a path, to choose from
MAX_KEYS = len(LETTERS)
KINDS: dict[PathKind, str] = {
    "slerp": "Arc (slerp)",
    "lerp": "Line (lerp)",
    "dense": "Dense regions",
}
FINE = 96  # points of a leg, between which a line is straight enough


_PICKS = RunKey[Sequence[int]]("picks", ())
_CONTROLS = RunKey[tuple[PathKind, int, int]](
    "path_controls", ("slerp", 2, 9)
)  # kind, images to go through, steps
_RESTORED = RunKey("restored", 0)  # how often a file has said what the components show


@dataclass(frozen=True)
class ChosenPath:
    """Which images a path goes through, and how."""

    picked: tuple[int, ...]
    kind: PathKind = "slerp"
    steps: int = 9
    num_keys: int = 2


@dataclass(frozen=True)
class LatentPath:
    """A path through the posterior means of the picked images, or else through other points."""

    kind: PathKind
    picked: tuple[int, ...]  # [K], or none of them
    keys: Floats  # [K, D]
    steps: int  # of its pictures

    @property
    def letters(self) -> str:
        """A letter for each key."""
        return LETTERS[: len(self.keys)]

    @property
    def num_legs(self) -> int:
        return len(self.keys) - 1


def chosen(session: Session) -> ChosenPath:
    """What was last chosen in Interpolate, or for it on the map."""
    kind, num_keys, steps = _CONTROLS.of(session).get()
    return ChosenPath(tuple(_PICKS.of(session).get()), kind, steps, num_keys)


def choose(session: Session, kind: PathKind, num_keys: int, steps: int) -> None:
    """Keep how to go: Streamlit forgets the widgets of a panel that is closed; this does not."""
    _CONTROLS.of(session).set((kind, num_keys, steps))


def pick(session: Session, picked: Sequence[int]) -> None:
    """Choose the images that the path goes through."""
    _PICKS.of(session).set(list(picked))


def add_key(session: Session, image: int) -> str:
    """Make an image the next that the path goes through. Returns its letter."""
    before = chosen(session)
    picked = [*[key for key in before.picked if key != image], image][-MAX_KEYS:]
    pick(session, picked)
    choose(session, before.kind, max(2, before.num_keys, len(picked)), before.steps)
    return LETTERS[len(picked) - 1]


@st.cache_resource(max_entries=2, show_spinner=False)
def _roads(path: str, now: cache.Stamp) -> Roads:
    from vae.latent import paths
    from vae.latent.encoding import load_latents

    return paths.roads(load_latents(Path(path)).mu)


def roads(session: Session) -> Along | None:
    """What a path through dense regions goes along; None with fewer than two posterior means.

    The flow of the run, or the graph of the posterior means where there is none.
    """
    latents, file = session.latents(), session.run.latents_file
    now = cache.stamp(file)
    if now is None or latents is None or len(latents.mu) < 2:
        return None
    fitted = session.flow()
    if fitted is not None and fitted.flow.latent_dim == latents.mu.shape[1]:
        from vae.latent.flow_paths import FlowRoads

        return FlowRoads(fitted)
    return _roads(str(file), now)


def trace(session: Session, keys: Floats, steps: int, kind: PathKind) -> Floats:
    """A path of `steps` points through K key points [K, D]. [steps, D]

    Raises InputError.
    """
    along = roads(session) if kind == "dense" else None
    stamps = [cache.stamp(file) for file in (session.run.latents_file, session.run.flow_file)]
    told = str(session.run.folder), keys.tobytes(), *stamps
    return _traced(along, keys, told, steps, kind)


@st.cache_data(max_entries=64, show_spinner=False)
def _traced(
    _along: Along | None, _keys: Floats, told: tuple[object, ...], steps: int, kind: PathKind
) -> Floats:
    from vae.latent import paths

    return paths.trace(_keys, steps, kind, _along)


@st.cache_data(max_entries=16, show_spinner=False)
def _measured(
    _opened: OpenedRun, _roads: Along, _keys: Floats, told: tuple[object, ...], steps: int
) -> dict[PathKind, tuple[Floats, float]]:
    from vae.latent import paths

    result: dict[PathKind, tuple[Floats, float]] = {}
    for kind in KINDS:
        z = paths.trace(_keys, steps, kind, _roads)
        pictures = images.decode(_opened.model, z)
        result[kind] = _roads.log_density(z), paths.unevenness(pictures)
    return result


def measured(opened: OpenedRun, path: LatentPath) -> dict[PathKind, tuple[Floats, float]]:
    """Of each kind of path: how typical its points are, in nats [S]; how uneven its pictures.

    Empty where there are fewer than two posterior means.
    """
    run, along = opened.run, roads(opened.session)
    if along is None:
        return {}
    stamps = [cache.stamp(file) for file in (run.weights_file, run.latents_file, run.flow_file)]
    told = (str(run.folder), path.keys.tobytes(), *stamps)
    return _measured(opened, along, path.keys, told, path.steps)


@st.cache_data(max_entries=8, show_spinner=False)
def _there_and_back(
    _opened: OpenedRun, told: tuple[object, ...], path: ChosenPath, steps: int
) -> tuple[Floats, Floats]:
    model = _opened.model
    keys = images.encode(model, _opened.dataset.take(np.array(path.picked)))
    z = trace(_opened.session, keys, steps, path.kind)
    return z, images.encode(model, images.decode(model, z))


def there_and_back(opened: OpenedRun, path: ChosenPath, steps: int) -> tuple[Floats, Floats]:
    """The points of a path, and the posterior means of their pictures. [S, D] each

    Raises InputError.
    """
    run = opened.run
    stamps = [cache.stamp(file) for file in (run.weights_file, run.latents_file, run.flow_file)]
    return _there_and_back(opened, (str(run.folder), *stamps), path, steps)


def component_key(session: Session, name: str) -> str:
    """The key of a component; another one after a file has said what it shows."""
    turn = _RESTORED.of(session).get()
    return RunKey(name, None).of(session).name + (f".{turn}" if turn else "")


def renew_components(session: Session) -> None:
    """Let the components show what the page has, whatever a hand has told them."""
    _RESTORED.of(session).set(_RESTORED.of(session).get() + 1)


@dataclass(frozen=True)
class Tour:
    """Where on a path one stands, and how it is played."""

    position: float = 0.5  # in [0, 1]
    way: str = "back"  # there and back; or around, from the last key on to the first
    ease: bool = False  # slow at the keys
    speed: float = 1.0
