"""Map: where the images lie in the latent space, by PCA or UMAP."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer import columns, compass, gallery, images, journey, mapview, saved, trail
from explorer import points as map_points
from explorer.mapview import Choice, Legend
from explorer.points import ERROR, KL, Place
from explorer.session import Session
from vae import jobs
from vae.config import ConfigError
from vae.runs import Run

if TYPE_CHECKING:
    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.latents import Latents
    from vae.networks import VAE

TICK_SECONDS = 1.0  # while a map is in the making
SILENT_SECONDS = 120.0  # after which its process is taken for dead
SETTLED_SECONDS = 5.0  # after which its last words, which are no count, are taken for its end
NUM_HINT = 24
NUM_MEMBERS = 16
NUM_NEIGHBOURS = 6
PICTURE = 200  # pixels a side

METHODS = {"pca": "PCA", "umap": "UMAP"}

STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-map_chart) { min-width: min(100%, 24rem); }
[data-testid="stColumn"]:has(.st-key-map_detail) { min-width: min(100%, 16.5rem); }
.st-key-map_detail img { border-radius: 10px; }
.map-facts { display: grid; grid-template-columns: auto 1fr auto 1fr; gap: 0.15rem 0.8rem;
  font-size: 0.85rem; }
.map-facts span { opacity: 0.65; }
</style>"""


def show(session: Session) -> None:
    """Draw the panel."""
    if session.run is None:
        st.info(
            "**No map yet.** Press **Start training** in the sidebar: the first evaluation brings "
            "a map of the images, placed by what the model says of them.",
            icon=":material/map:",
        )
        return
    is_waiting = session.is_alive() and not session.run.latents_file.exists()
    every = TICK_SECONDS if is_waiting else None
    st.fragment(_draw, run_every=every)(session, is_waiting)


def _draw(session: Session, is_waiting: bool) -> None:
    assert session.run is not None
    if is_waiting and session.run.latents_file.exists():
        st.rerun()  # the whole page, which waits no longer
    try:
        loaded, dataset = session.model(), session.dataset()
        st.html(STYLE)
        if loaded is None or dataset is None:
            st.info(
                "**This run has no weights yet.** The first evaluation brings the map.",
                icon=":material/hourglass_empty:",
            )
            return
        model, weights = loaded
        method, colour = _controls(session, dataset)
        place = map_points.place_of(session.run, method)
        if place is None:
            _missing(session, method)
            method = "pca"  # meanwhile
            place = map_points.place_of(session.run, method)
            if place is None:
                return
        points = map_points.points(place)
        if points.index.max(initial=0) >= len(dataset):
            st.warning("This map is of other images than the run has now: make it anew.")
            _job(session, method)
            return
        choice = _choice(session, place)
        left, right = st.columns([8, 5], gap="medium")
        with left.container(key="map_chart"):
            _chart(session, dataset, place, colour, choice)
            _honest(session, method, points, weights, len(dataset))
        with right.container(key="map_detail"):
            _detail(session, model, dataset, place, choice)
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")


def _controls(session: Session, dataset: Dataset) -> tuple[str, str]:
    """The method, and what the colours say."""
    names = [name for name in dataset.attributes if name not in (ERROR, KL)]
    names.sort(key=lambda name: name != "label")
    colours = [*names, ERROR, KL]
    # Streamlit forgets the widgets of a panel that is closed; this does not.
    state, kept = st.session_state, session.key("map_controls")
    method, colour = state.get(kept, ("pca", colours[0]))
    state.setdefault(session.key("method"), method)
    if state.setdefault(session.key("colour"), colour) not in colours:
        state[session.key("colour")] = colours[0]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.subheader("Map", anchor=False, width="content")
        method = st.segmented_control(
            "Method",
            list(METHODS),
            required=True,
            format_func=METHODS.get,
            key=session.key("method"),
            help="**PCA** is a flat view along the two widest axes of the posterior means: "
            "distances are true, but much is hidden. **UMAP** keeps neighbours together: groups "
            "are real, distances between them mean little.",
        )
        colour = st.selectbox(
            "Colour by",
            colours,
            format_func=_readable,
            key=session.key("colour"),
            width=260,
        )
        trail.toggle(session)
    state[kept] = str(method), str(colour)
    return str(method), str(colour)


def _readable(name: str) -> str:
    return name if name == KL else name.replace("_", " ").capitalize()


# ------------------------------------------------------------------------------- the map


def _choice(session: Session, place: Place) -> Choice:
    """What is looked into, by the newest click on the map or in a sheet of images.

    The page keeps it for other methods and newer maps, as far as they have it.
    """
    state, kept, seen = st.session_state, session.key("chosen"), session.key("seen")
    told = mapview.taken(state.get(session.key("mapview")))
    sheet = state.get(_sheet_key(session))
    choice, drawn = state.get(kept, (Choice(), place.method))
    if told is not None and told[0] != state.get(seen):
        state[seen], choice, drawn = told[0], told[1], place.method
    elif sheet and sheet.get("picked"):
        choice = Choice((sheet["picked"][-1],), 1)
    if state.get(kept) != (choice, drawn):
        state[kept] = choice, drawn
        state[session.key("turn")] = state.get(session.key("turn"), 0) + 1
    if choice.point is not None:
        return choice if drawn == place.method else Choice()
    rows = map_points.rows_of(place, np.array(choice.images, np.int64))
    there = tuple(map(int, map_points.points(place).index[rows]))
    is_whole = len(there) == len(choice.images)
    return Choice(there, choice.count if is_whole else len(there))


def _sheet_key(session: Session) -> str:
    """Of the sheet of images beside the map; another one after every choice."""
    return f"{session.key('sheet')}.{st.session_state.get(session.key('turn'), 0)}"


def _chart(session: Session, dataset: Dataset, place: Place, colour: str, choice: Choice) -> None:
    assert session.run is not None
    ellipse = None
    if place.method == "pca" and len(choice.images) == 1:
        row = map_points.rows_of(place, np.array(choice.images))[0]
        ellipse = map_points.ellipse(place, int(row))
    way = trail.on_map(session, dataset, place)
    mapview.show(
        session.key("mapview"),
        columns.addresses(session.run, place, dataset.fingerprint, colour),
        _legend(dataset, place, colour),
        choice,
        st.session_state.get(session.key("seen"), 0),
        ellipse,
        columns.SHEET_COLUMNS,
        way,
    )
    if way is not None:
        trail.explain(session, place)


def _legend(dataset: Dataset, place: Place, colour: str) -> Legend:
    colours = map_points.colours(place, dataset, dataset.fingerprint, colour)
    title = _readable(colour)
    if not colours.classes:
        stops = mapview.WHEEL if colour.endswith("hue") else mapview.SCALE
        return Legend(title, (), stops, colours.low, colours.high)
    present = set(np.unique(colours.levels).tolist())
    entries = [
        (level, name, mapview.PALETTE[level])
        for level, name in enumerate(colours.classes)
        if level in present
    ]
    if map_points.UNKNOWN in present:
        entries.append((map_points.UNKNOWN, "unknown", mapview.UNKNOWN_COLOUR))
    return Legend(title, entries, (), 0.0, 0.0)


def _honest(session: Session, method: str, points: Latents, weights: Weights, num: int) -> None:
    """What the map shows, and how to have a fuller or a newer one."""
    text = "PC 1 across, PC 2 up. " if method == "pca" else ""
    sampled = " sampled" if len(points.index) < num else ""
    text += f"{len(points.index):,} of {num:,} images{sampled}, weights of step {points.step:,}."
    if points.step != weights.step:
        text += f" The weights have moved on to step {weights.step:,}: this map is of before."
    st.caption(text)
    if len(points.index) < num or points.step != weights.step or _working(session, method):
        _job(session, method)


# ------------------------------------------------------------------------------- the map maker


@dataclass(frozen=True)
class Work:
    """What the process that makes a map is at."""

    state: str  # none, working, done, failed
    message: str = ""
    part: float = 0.0


def work_of(run: Run, method: str, now: float) -> Work:
    """What the newest process for this map says, by its log; `now` in seconds since the epoch."""
    log = run.maps / f"{method}.log"
    try:
        silent = now - log.stat().st_mtime
    except FileNotFoundError:
        return Work("none")
    line, count = jobs.last_line(log), jobs.progress_of(log)
    if line.endswith(f"{method}.npz") and (run.maps / f"{method}.npz").exists():
        return Work("done")
    if (count or not line) and silent < SILENT_SECONDS:
        if count is None:
            return Work("working", "Starting")
        what, done, total = count
        text = {"encode": "Encoding", "umap": "Laying out"}.get(what, what.capitalize())
        return Work("working", f"{text}: {done:,} of {total:,}", min(1.0, done / max(1, total)))
    if count or not line:
        return Work("failed", "its process has ended without a word")
    if silent < SETTLED_SECONDS:
        return Work("working", "Working")
    return Work("failed", line)


def _working(session: Session, method: str) -> bool:
    run = session.run
    return run is not None and work_of(run, method, time.time()).state == "working"


def _missing(session: Session, method: str) -> None:
    """In place of a map that is not there."""
    if method == "umap":
        st.info(
            "**UMAP lays the images out so that neighbours stay together.** It takes some "
            "seconds to minutes in a process of its own; the rest of the page goes on.",
            icon=":material/scatter_plot:",
        )
        _job(session, method)
    else:
        st.info(
            "**No posterior means yet.** The first evaluation brings the map.",
            icon=":material/hourglass_empty:",
        )


def _job(session: Session, method: str) -> None:
    """Start making a map, and watch it."""
    every = TICK_SECONDS if _working(session, method) else None
    st.fragment(_watch, run_every=every)(session, method, every is not None)


def _watch(session: Session, method: str, was_working: bool) -> None:
    run = session.run
    assert run is not None
    work = work_of(run, method, time.time())
    if (work.state == "working") != was_working:
        st.rerun()  # the whole page: the map itself is another now
    if work.state == "working":
        st.progress(work.part, text=f"{work.message} ...")
        return
    if work.state == "failed":
        st.error(f"The map was not made: {work.message}", icon=":material/error:")
    name = "Compute UMAP" if method == "umap" else "Map all images"
    if st.button(
        name, icon=":material/scatter_plot:", on_click=jobs.start_projection, args=(run, method)
    ):
        st.rerun()


# ------------------------------------------------------------------------------- the detail


def _detail(session: Session, model: VAE, dataset: Dataset, place: Place, choice: Choice) -> None:
    """What was clicked: nothing yet, one image, a group, or the ground between the points."""
    points = map_points.points(place)
    if choice.point is not None:
        _ground(session, model, dataset, place, choice.point)
    elif not choice.images:
        rows = np.random.default_rng(0).permutation(len(points.index))[:NUM_HINT]
        st.caption(
            "Click a point, or one of these images, to look into it; click between the points to "
            "see what the model draws there. Lasso points to see a group."
        )
        _sheet(session, dataset, points.index[rows].tolist(), "Some images of the map")
    elif len(choice.images) == 1:
        row = map_points.rows_of(place, np.array(choice.images))[0]
        _image(session, model, dataset, place, int(row))
    else:
        _group(session, model, dataset, place, choice)
        return
    saved.groups(session, model, dataset, ())


def _sheet(
    session: Session, dataset: Dataset, shown: list[int], label: str, tile: int = 52
) -> None:
    """A grid of images of which a clicked one is looked into."""
    key = _sheet_key(session)
    gallery.show(dataset, shown, [], key=key, label=label, max_picked=1, badges=False, tile=tile)


def _image(session: Session, model: VAE, dataset: Dataset, place: Place, row: int) -> None:
    points = map_points.points(place)
    image = int(points.index[row])
    pixels = dataset.take(np.array([image]))
    mu = images.encode(model, pixels)
    name = str(dataset.names[image])
    st.markdown(
        f"**Image {image}**" + ("" if name == str(image) else f" :gray[{compass.plain(name)}]")
    )
    pair = st.columns(2, gap="small", wrap=False)
    for column, picture, title in (
        (pair[0], pixels[0], "Image"),
        (pair[1], images.decode(model, mu)[0], "Reconstruction"),
    ):
        column.image(images.address(picture, PICTURE), width="stretch", alt=title)
        column.caption(title, text_alignment="center")
    kl = map_points.kl_of(points, np.array([row]))[0]
    text = f"KL {kl:.1f} nats, mean squared error {points.mse[row]:.4f}."
    if place.method == "pca":
        text += " The ellipses around its point are its posterior, 1 and 2 sigma."
    st.caption(text)
    opened = st.button(
        "Open in Sliders",
        icon=":material/tune:",
        on_click=_open_in_sliders,
        args=(session, image, mu[0]),
        width="stretch",
    )
    for letter, column in zip("AB", st.columns(2, gap="small", wrap=False), strict=True):
        column.button(
            f"Use as {letter}",
            on_click=_use_in_interpolate,
            args=(session, image, letter),
            help=f"Make this image {letter} in Interpolate.",
            width="stretch",
        )
    st.button(
        "Add to the path",
        icon=":material/add_location:",
        on_click=_add_to_path,
        args=(session, image),
        help="Make this image the next that the path of Interpolate goes through.",
        width="stretch",
    )
    if opened:
        st.rerun()
    near = [i for i in _nearest(points, points.mu[row], NUM_NEIGHBOURS + 1) if i != image]
    st.caption("Nearest in the latent space")
    _sheet(session, dataset, near[:NUM_NEIGHBOURS], "Nearest images", tile=36)
    _facts(dataset, image)


def _nearest(points: Latents, z: np.ndarray, num: int) -> list[int]:
    """The images whose posterior means are nearest to a point of the latent space."""
    apart = points.mu - z
    rows = map_points.nearest_rows(np.einsum("nd,nd->n", apart, apart), num)
    return [int(image) for image in points.index[rows]]


def _ground(
    session: Session, model: VAE, dataset: Dataset, place: Place, xy: tuple[float, float]
) -> None:
    """What the model draws where no image lies."""
    points = map_points.points(place)
    if place.method == "pca":
        z = map_points.on_plane(place, xy)
        words = (
            "The mean of all images, moved along the two axes of the map to this point, and "
            "decoded. What the map does not show is as in the mean."
        )
    else:
        z = map_points.blended(points, xy)
        words = (
            f"UMAP has no way back: this is the decoded blend of the means of the "
            f"{map_points.NUM_BLENDED} nearest points, weighted by 1 / distance."
        )
    st.markdown(f"**Between the images** :gray[at {xy[0]:.2f}, {xy[1]:.2f}]")
    pair = st.columns(2, gap="small", wrap=False)
    picture = images.decode(model, [z])[0]
    pair[0].image(images.address(picture, PICTURE), width="stretch", alt="Decoded here")
    pair[0].caption("Decoded here", text_alignment="center")
    pair[1].caption(words)
    if st.button(
        "Open in Sliders",
        icon=":material/tune:",
        on_click=_open_in_sliders,
        args=(session, None, z),
        width="stretch",
    ):
        st.rerun()
    st.caption("Nearest in the latent space")
    _sheet(session, dataset, _nearest(points, z, NUM_NEIGHBOURS), "Nearest images", tile=36)


def _facts(dataset: Dataset, image: int) -> None:
    """What the data set says of the image."""
    cells = []
    for name, column in dataset.attributes.items():
        value = column[image]
        if name in dataset.classes and 0 <= int(value) < len(dataset.classes[name]):
            text = str(dataset.classes[name][int(value)])
        else:
            text = f"{value:.2f}" if np.issubdtype(column.dtype, np.floating) else str(value)
        cells.append(f"<span>{html.escape(_readable(name))}</span><b>{html.escape(text)}</b>")
    if cells:
        with st.expander(f"Attributes ({len(cells)})", expanded=len(cells) <= 8):
            st.html(f'<div class="map-facts">{"".join(cells)}</div>')


def _group(session: Session, model: VAE, dataset: Dataset, place: Place, choice: Choice) -> None:
    points, some = map_points.points(place), np.array(choice.images)
    rows = map_points.rows_of(place, some)
    mean = points.mu[rows].mean(0)
    st.markdown(f"**{choice.count:,} images**")
    pair = st.columns(2, gap="small", wrap=False)
    pair[0].image(
        images.address(images.decode(model, [mean])[0], PICTURE),
        width="stretch",
        alt="Mean",
    )
    pair[0].caption("Their mean, decoded", text_alignment="center")
    sampled = "" if len(some) == choice.count else f" Taken over {len(some):,} of them, sampled."
    pair[1].caption(
        f"KL {map_points.kl_of(points, rows).mean():.1f} nats and mean squared error "
        f"{points.mse[rows].mean():.4f} on average.{sampled}"
    )
    if pair[1].button(
        "Open in Sliders",
        on_click=_open_in_sliders,
        args=(session, None, mean),
    ):
        st.rerun()
    saved.groups(session, model, dataset, choice.images)
    members = np.random.default_rng(0).permutation(some)[:NUM_MEMBERS]
    st.caption("Some of them")
    _sheet(session, dataset, members.tolist(), "Members")


def _open_in_sliders(session: Session, image: int | None, z: np.ndarray) -> None:
    state = st.session_state
    state[session.key("hand_over")] = {"z": [float(value) for value in z], "index": image}
    state["panel"] = "Sliders"


def _add_to_path(session: Session, image: int) -> None:
    letter = journey.add_key(session, image)
    st.toast(f"Image {image} is {letter} in Interpolate.", icon=":material/route:")


def _use_in_interpolate(session: Session, image: int, letter: str) -> None:
    state = st.session_state
    picks = list(state.get(session.key("picks"), []))
    if letter == "A":
        picks = [image, *[pick for pick in picks[1:] if pick != image]]
    else:
        picks = [*[pick for pick in picks[:1] if pick != image], image]
    state[session.key("picks")] = picks
    st.toast(f"Image {image} is {letter} in Interpolate.", icon=":material/route:")
