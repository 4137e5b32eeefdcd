"""Directions that a person has made of images or attributes, kept with the run.

Two panels meet here: groups are kept on the map, sliders are dragged in Sliders.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer import points as map_points
from explorer.dials import REACH, Direction
from explorer.points import Floats, Indices, Place
from explorer.session import Session
from vae import contrasts, directions, leakage
from vae.config import ConfigError
from vae.directions import Axis, Definition
from vae.leakage import Move, Readout

if TYPE_CHECKING:
    from vae.dataset import Dataset
    from vae.networks import VAE

CHOICE = "Saved directions"  # what Sliders calls them
ATTRIBUTE, GROUPS = "An attribute", "Two groups"
MAX_READ = 5_000  # images of a readout
NUM_MOVES = 10  # rows of the table to see at once
MAX_NUMBERS = 5_000  # images typed in by hand

STYLE = """<style>
.moves { display: grid; grid-template-columns: max-content minmax(6rem, 1fr) 4.5rem 5rem;
  gap: 0.3rem 0.9rem; align-items: center; font-size: 0.875rem;
  font-variant-numeric: tabular-nums; max-width: 46rem; }
.moves .head { opacity: 0.62; font-size: 0.78rem; }
.moves .number { text-align: right; }
.moves .middle { text-align: center; }
.moves .own { font-weight: 600; }
.moves small { opacity: 0.62; font-size: inherit; }
.moves .bar { position: relative; height: 0.55rem; border-radius: 0.3rem;
  background: color-mix(in srgb, currentColor 9%, transparent); }
.moves .bar i { position: absolute; top: 0; bottom: 0; border-radius: 0.3rem;
  background: color-mix(in srgb, var(--st-primary-color, #7c5cff) 55%, transparent); }
.moves .own.bar i { background: var(--st-primary-color, #7c5cff); }
.moves .bar b { position: absolute; left: 50%; top: -2px; bottom: -2px; width: 1px;
  background: currentColor; opacity: 0.35; }
</style>"""


# ------------------------------------------------------------------------------- what is kept


@st.cache_resource(max_entries=4, show_spinner=False)
def _means(
    place: Place, missing: tuple[int, ...], digest: str, _model: VAE, _dataset: Dataset
) -> tuple[Indices, Floats]:
    """Posterior means of the images of a map, and of those that it has not. [N], [N, D]"""
    points = map_points.points(place)
    if points.index.max(initial=0) >= len(_dataset):
        raise ConfigError("The posterior means are of other images than the run has now.")
    if not missing:
        return points.index, points.mu
    from vae.latents import encode_images

    more = encode_images(_model, _dataset, np.array(missing, np.int64), points.step)
    return np.concatenate([points.index, more.index]), np.concatenate([points.mu, more.mu])


@st.cache_resource(max_entries=4, show_spinner=False)
def _readouts(place: Place, fingerprint: str, _dataset: Dataset) -> list[Readout]:
    points = map_points.points(place)
    rows = np.random.default_rng(0).permutation(len(points.index))[:MAX_READ]
    index, mu = points.index[rows], points.mu[rows]
    return leakage.readouts(index, mu, _dataset.attributes, _dataset.classes)


def _axes(
    session: Session, model: VAE, dataset: Dataset, digest: str, definitions: Sequence[Definition]
) -> tuple[dict[str, Axis], dict[str, str]]:
    """Where the directions lie now, and a sentence for each that lies nowhere.

    Raises ConfigError before the first evaluation.
    """
    place = _place(session)
    wanted = {image for one in definitions for image in (*one.a, *one.b)}
    there = set(map_points.points(place).index.tolist())
    missing = tuple(sorted(image for image in wanted - there if image < len(dataset)))
    index, mu = _means(place, missing, digest, model, dataset)
    return directions.axes_of(definitions, index, mu, dataset.attributes, dataset.classes)


def _place(session: Session) -> Place:
    assert session.run is not None
    place = map_points.place_of(session.run, "pca")
    if place is None:
        raise ConfigError("Directions need posterior means: the first evaluation brings them.")
    return place


def _path(session: Session) -> Path:
    assert session.run is not None
    return session.run.directions_file


def _kept(session: Session) -> list[Definition]:
    return directions.load_directions(_path(session))


def _dataset(session: Session) -> Dataset | None:
    """The images, or None where they are gone, which the page says elsewhere."""
    try:
        return session.dataset()
    except ConfigError:
        return None


def sliders(session: Session, model: VAE, digest: str) -> list[Direction]:
    """The sliders of the directions that are kept; none, and said how to make one, at first."""
    dataset = _dataset(session)
    if made := st.session_state.pop(session.key("direction_made"), None):
        st.toast(f"{_plain(made)} is a slider now, kept with the run.", icon=":material/explore:")
    if dataset is None:
        st.info("The images of this run are gone, and with them what its directions mean.")
        return []
    try:
        definitions = _kept(session)
        axes, failed = _axes(session, model, dataset, digest, definitions)
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return []
    if not definitions:
        st.info(
            "**No direction has been made yet.** Press **New direction**: glasses on minus off, "
            "say. Or lasso two groups of images on the **Map** and keep them as A and B. Until "
            "then these are the dimensions.",
            icon=":material/explore:",
        )
    for name, sentence in failed.items():
        st.warning(f"**{_plain(name)}** cannot be drawn now. {sentence}", icon=":material/error:")
    by_name = {one.name: one for one in definitions}
    return [
        Direction(
            label=name,
            note=_note(by_name[name]),
            axis=tuple(float(value) for value in axis.vector),
            centre=axis.centre,
            unit=axis.unit,
            reach=REACH,
            is_active=True,
        )
        for name, axis in axes.items()
    ]


def _note(definition: Definition) -> str:
    return f"⟂ {len(definition.orthogonal_to)}" if definition.orthogonal_to else ""


# ------------------------------------------------------------------------------- a new one


def maker(session: Session, model: VAE, digest: str) -> None:
    """The button that opens the form of a new direction."""
    dataset = _dataset(session)
    if dataset is None:
        return
    keys = session.key
    form = st.popover(
        "New direction", icon=":material/add:", key=keys("direction_form"), on_change="rerun"
    )
    with form:
        columns = [
            name
            for name in dataset.attributes
            if contrasts.values_of(name, dataset.attributes, dataset.classes)
        ]
        columns.sort(key=lambda name: name != "label")
        source = GROUPS
        if columns:
            source = st.segmented_control(
                "Made of",
                [ATTRIBUTE, GROUPS],
                required=True,
                default=ATTRIBUTE,
                key=keys("direction_source"),
                help="The mean of the images on one side minus the mean of those on the other.",
            )
        if source == ATTRIBUTE:
            left, right = st.columns(2, gap="small")
            name = left.selectbox(
                "Attribute", columns, format_func=_readable, key=keys("direction_attribute")
            )
            values = contrasts.values_of(name, dataset.attributes, dataset.classes)
            value = right.selectbox(
                "On",
                values,
                index=len(values) - 1 if len(values) == 2 else 0,
                key=f"{keys('direction_value')}:{name}",
                help="Minus all others; of numbers, the upper quarter minus the lower one.",
            )
            definition = Definition("", attribute=name, value=value)
        else:
            definition = Definition("", a=_typed(session, "A"), b=_typed(session, "B"))
        _finish(session, model, dataset, digest, definition, "form")


def _typed(session: Session, letter: str) -> tuple[int, ...]:
    """The images of group A or B: typed, or else kept on the map."""
    kept = st.session_state.get(session.key(f"group_{letter}"), ())
    text = st.text_input(
        f"Images of group {letter}",
        placeholder=f"{len(kept):,} kept on the map" if kept else "3, 17, 40-60",
        key=session.key(f"typed_{letter}"),
        help="Numbers of images, or nothing for the group that was kept on the map.",
    )
    try:
        return numbers_in(text) or kept
    except ConfigError as error:
        st.error(str(error))
        return ()


def numbers_in(text: str) -> tuple[int, ...]:
    """The images that "3, 17, 40-60" names. Raises ConfigError."""
    found: dict[int, None] = {}
    for word in text.replace(",", " ").split():
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(word) > 25:
            raise ConfigError(f"Images are numbers such as 3, 17, 40-60, not {word[:30]!r}.")
        start, end = int(first), int(last or first)
        if end - start >= MAX_NUMBERS or len(found) > MAX_NUMBERS:
            raise ConfigError(f"A group has at most {MAX_NUMBERS:,} images.")
        found.update(dict.fromkeys(range(start, end + 1)))
    return tuple(found)


def _finish(
    session: Session,
    model: VAE,
    dataset: Dataset,
    digest: str,
    definition: Definition,
    where: str,
) -> None:
    """Name, what it should be orthogonal to, and the button that makes it; `where` it stands."""
    state, key = st.session_state, session.key(f"direction_{where}")
    try:
        others = [one.name for one in _kept(session)]
    except ConfigError:
        others = []
    name = _free_name(_suggested(definition), others)
    st.text_input(
        "Name", placeholder=name, max_chars=directions.MAX_NAME, key=f"{key}_name", value=""
    )
    if others:
        st.multiselect(
            "Orthogonal to",
            others,
            key=f"{key}_orthogonal",
            placeholder="None",
            help="Takes out what it shares with these, so that moving it leaves them in place.",
        )
    if message := state.get(f"{key}_error"):
        st.error(message, icon=":material/error:")
    pressed = st.button(
        "Make a direction",
        key=f"{key}_make",
        type="primary",
        icon=":material/explore:",
        on_click=_make,
        args=(session, model, dataset, digest, definition, name, key),
        width="stretch",
    )
    if pressed and not state.get(f"{key}_error"):
        st.rerun()


def _make(
    session: Session,
    model: VAE,
    dataset: Dataset,
    digest: str,
    definition: Definition,
    suggested: str,
    key: str,
) -> None:
    state = st.session_state
    name = state.get(f"{key}_name", "").strip() or suggested
    whole = Definition(
        name,
        definition.a,
        definition.b,
        definition.attribute,
        definition.value,
        tuple(state.get(f"{key}_orthogonal", ())),
    )
    try:
        before = _kept(session)
        _, failed = _axes(session, model, dataset, digest, [*before, whole])
        if name in failed:
            raise ConfigError(failed[name])
        directions.add_direction(_path(session), whole)
    except (ConfigError, OSError) as error:
        state[f"{key}_error"] = str(error)
        return
    for word in ("name", "orthogonal", "error"):
        state.pop(f"{key}_{word}", None)
    state[session.key("directions")] = CHOICE
    state[session.key("direction")] = state[session.key("direction_made")] = name
    state[session.key("direction_form")] = False  # its work is done
    state["panel"] = "Sliders"


def _suggested(definition: Definition) -> str:
    if not definition.attribute:
        return "A minus B"
    readable = _readable(definition.attribute)
    if definition.value == contrasts.UPPER:
        return readable[: directions.MAX_NAME]
    return f"{readable}: {definition.value}"[: directions.MAX_NAME]


def _free_name(name: str, taken: Sequence[str]) -> str:
    lowered, free, number = {other.casefold() for other in taken}, name, 2
    while free.casefold() in lowered:
        end = f" {number}"
        free, number = name[: directions.MAX_NAME - len(end)] + end, number + 1
    return free


# ------------------------------------------------------------------------------- on the map


def groups(
    session: Session, model: VAE, dataset: Dataset, digest: str, lassoed: tuple[int, ...]
) -> None:
    """Groups A and B of the map: keeping what is lassoed, and what both make."""
    state = st.session_state
    kept = {letter: state.get(session.key(f"group_{letter}"), ()) for letter in "AB"}
    if not lassoed and not any(kept.values()):
        return
    if lassoed:
        for letter, column in zip("AB", st.columns(2, gap="small", wrap=False), strict=True):
            column.button(
                f"Keep as group {letter}",
                key=session.key(f"keep_{letter}"),
                on_click=_keep,
                args=(session, letter, lassoed),
                help="A minus B becomes a direction: a slider of your own.",
                width="stretch",
            )
    if not any(kept.values()):
        return
    told = [f"**{letter}** {len(some):,} images" for letter, some in kept.items() if some]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Groups kept: " + ", ".join(told), width="stretch")
        st.button("Forget", type="tertiary", on_click=_forget, args=(session,))
    if kept["A"] and kept["B"]:
        _finish(session, model, dataset, digest, Definition("", a=kept["A"], b=kept["B"]), "map")
    else:
        other = "B" if kept["A"] else "A"
        st.caption(f"Lasso another group and keep it as {other}: A minus B becomes a slider.")


def _keep(session: Session, letter: str, images: tuple[int, ...]) -> None:
    st.session_state[session.key(f"group_{letter}")] = tuple(images)


def _forget(session: Session) -> None:
    for letter in "AB":
        st.session_state.pop(session.key(f"group_{letter}"), None)


# ------------------------------------------------------------------------------- what it moves


def moves(session: Session, model: VAE, digest: str) -> None:
    """What the chosen direction moves, its cosines, and how to let go of it."""
    dataset = _dataset(session)
    if dataset is None:
        return
    try:
        definitions = _kept(session)
        if not definitions:
            return
        axes, _ = _axes(session, model, dataset, digest, definitions)
        read = _readouts(_place(session), dataset.fingerprint, dataset)
    except ConfigError:
        return  # the sliders have said so
    state, key = st.session_state, session.key("direction")
    names = [one.name for one in definitions]
    if state.get(key) not in names:
        state[key] = names[-1]
    st.html(STYLE)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("What moves with", names, key=key, width=320)
        st.button(
            "Delete",
            key=session.key("direction_delete"),
            icon=":material/delete:",
            on_click=_delete,
            args=(session, name),
            help="Let go of this direction. The images and the model stay.",
        )
    if message := state.pop(session.key("delete_error"), None):
        st.error(message, icon=":material/error:")
    if name not in axes:
        return
    axis = axes[name]
    st.caption(
        f"Mean of {axis.num_a:,} images minus mean of {axis.num_b:,}; one unit of the slider is "
        "one standard deviation of the posterior means along it."
    )
    told = leakage.leakage(axis, read, dataset.attributes, dataset.classes)
    own = next(one.attribute for one in definitions if one.name == name)
    _cosines(name, axes)
    legible = [move for move in told if move.is_readable]
    if legible:
        st.html(_table(legible[:NUM_MOVES], own))
        if rest := legible[NUM_MOVES:]:
            with st.expander(f"Moved less ({len(rest)})"):
                st.html(_table(rest, own))
    if hidden := [_readable(move.attribute).lower() for move in told if not move.is_readable]:
        st.caption(
            "Cannot be read from the latent space by a line, so that nothing is known: "
            + _plain(", ".join(hidden))
            + "."
        )
    if not told:
        st.caption("Nothing is known of these images, so that what else moves cannot be told.")


def _cosines(name: str, axes: dict[str, Axis]) -> None:
    if len(axes) < 2:
        return
    row = directions.cosines(axes)[list(axes).index(name)]
    pairs = sorted(zip(axes, row, strict=True), key=lambda pair: -abs(pair[1]))
    told = [f"{_plain(other)} **{cosine:+.2f}**" for other, cosine in pairs if other != name]
    st.markdown(
        f":small[Cosine to {' &nbsp;·&nbsp; '.join(told[:12])}]",
        help="1 is the same direction, 0 has nothing in common with it, -1 is its opposite.",
    )


def _table(rows: Sequence[Move], own: str) -> str:
    """The leakage as bars; `own` is what the direction was made of."""
    widest = max(1.0, *(abs(move.deviations) for move in rows))
    cells = [
        "<span class='head'>One unit moves</span>"
        "<span class='head middle'>less &nbsp;|&nbsp; more</span>"
        "<span class='head number' title='Standard deviations of what can be read of it'>"
        "deviations</span><span class='head number' title='Share of its variance that a linear "
        "readout explains on images left out: how far the row can be trusted'>read</span>"
    ]
    for move in rows:
        share = 50 * abs(move.deviations) / widest
        start = 50.0 if move.deviations >= 0 else 50 - share
        kind = "own" if move.attribute == own else ""
        towards = f" <small>{html.escape(move.towards)}</small>" if move.towards else ""
        cells.append(
            f"<span class='{kind}'>{html.escape(_readable(move.attribute))}{towards}</span>"
            f"<span class='bar {kind}'><i style='left:{start:.1f}%;width:{share:.1f}%'></i>"
            f"<b></b></span><span class='number {kind}'>{move.deviations:+.2f}</span>"
            f"<span class='number'>{max(move.explained, 0):.0%}</span>"
        )
    return f"<div class='moves' role='table' aria-label='What it moves'>{''.join(cells)}</div>"


def _delete(session: Session, name: str) -> None:
    try:
        directions.remove_direction(_path(session), name)
    except (ConfigError, OSError) as error:
        st.session_state[session.key("delete_error")] = str(error)
    else:
        st.session_state.pop(session.key("direction"), None)


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _plain(text: str) -> str:
    """`text` with nothing left in it that Markdown would read."""
    return "".join(
        f"\\{letter}" if letter in r"\`*_{}[]()#+-.!|<>:$~" else letter for letter in text
    )
