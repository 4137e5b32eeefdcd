"""Map: where the images lie in the latent space, by PCA or UMAP."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer import cache, gallery, images
from explorer.session import Session
from vae import jobs
from vae.config import ConfigError
from vae.runs import Run

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from vae.checkpoints import Weights
    from vae.dataset import Dataset
    from vae.latents import Latents
    from vae.networks import VAE

TICK_SECONDS = 1.0  # while a map is in the making
SILENT_SECONDS = 120.0  # after which its process is taken for dead
SETTLED_SECONDS = 5.0  # after which its last words, which are no count, are taken for its end
HEIGHT = 520  # pixels
NUM_HINT = 24
NUM_MEMBERS = 16
NUM_NEIGHBOURS = 6
MAX_CLASSES = 20
PICTURE = 200  # pixels a side

METHODS = {"pca": "PCA", "umap": "UMAP"}
ERROR, KL = "Reconstruction error", "KL"
PALETTE = (
    "#7c5cff #f2698c #18a999 #f0a03c #4c8dff #b0589c #8aa632 #e2543f #3cb6d9 #9a7b5f "
    "#b9a6ff #f9b4c5 #86d8cd #f8d09a #a8c8ff #d8abcd #c6d58d #f2a99e #a0def0 #cdbaa8"
).split()
SCALE = ["#4b3fae", "#8d55d6", "#d65db1", "#f58b6c", "#f6c945"]
WHEEL = ["#e5484d", "#d6a100", "#55a630", "#12a594", "#3e7bfa", "#a24bd6", "#e5484d"]

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
        place = _place(session, method)
        if place is None:
            _missing(session, method)
            method = "pca"  # meanwhile
            place = _place(session, method)
            if place is None:
                return
        points = _points(place.path, place.stamp, place.is_projected)
        if points.index.max(initial=0) >= len(dataset):
            st.warning("This map is of other images than the run has now: make it anew.")
            _job(session, method)
            return
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return
    left, right = st.columns([3, 2], gap="large")
    with left.container(key="map_chart"):
        chosen = _chart(session, dataset, points, place, colour)
        _honest(session, method, points, weights, len(dataset))
    with right.container(key="map_detail"):
        _detail(session, model, dataset, points, chosen)


# ------------------------------------------------------------------------------- the points


@dataclass(frozen=True)
class Place:
    """Where the points of a map come from."""

    path: str
    stamp: cache.Stamp
    is_projected: bool  # whether the file holds the coordinates


def _place(session: Session, method: str) -> Place | None:
    """The newest file to draw by this method; None where there is none."""
    run = session.run
    assert run is not None
    made, told = run.maps / f"{method}.npz", run.latents_file
    now, then = cache.stamp(made), cache.stamp(told)
    is_newer = now is not None and (then is None or now[2] >= then[2])
    if now is not None and (is_newer or method == "umap"):
        return Place(str(made), now, True)
    if then is not None and method == "pca":
        return Place(str(told), then, False)
    return None


@st.cache_resource(max_entries=6, show_spinner=False)
def _points(path: str, now: cache.Stamp, is_projected: bool) -> Latents:
    """The latents in a file, with their coordinates."""
    import dataclasses

    from vae.latents import load_latents
    from vae.projection import pca

    latents = load_latents(Path(path))
    if is_projected and len(latents.xy) == len(latents.mu):
        return latents
    return dataclasses.replace(latents, xy=pca(latents.mu))


def _controls(session: Session, dataset: Dataset) -> tuple[str, str]:
    """The method, and what the colours say."""
    names = [name for name in dataset.attributes if name not in (ERROR, KL)]
    names.sort(key=lambda name: name != "label")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.subheader("Map", anchor=False, width="content")
        method = st.segmented_control(
            "Method",
            list(METHODS),
            default="pca",
            required=True,
            format_func=METHODS.get,
            key=session.key("method"),
            help="**PCA** is a flat view along the two widest axes of the posterior means: "
            "distances are true, but much is hidden. **UMAP** keeps neighbours together: groups "
            "are real, distances between them mean little.",
        )
        colour = st.selectbox(
            "Colour by",
            [*names, ERROR, KL],
            format_func=_readable,
            key=session.key("colour"),
            width=260,
        )
    return str(method), str(colour)


def _readable(name: str) -> str:
    return name if name == KL else name.replace("_", " ").capitalize()


# ------------------------------------------------------------------------------- the figure


@st.cache_resource(max_entries=12, show_spinner=False)
def _figure(
    _dataset: Dataset, fingerprint: str, place: Place, colour: str
) -> tuple[go.Figure, list[np.ndarray]]:
    """The figure, the same object while nothing changes, and the rows of `points` in each trace."""
    import plotly.graph_objects as go

    points = _points(place.path, place.stamp, place.is_projected)
    values, classes = _values(_dataset, points, colour)
    size = float(np.clip(200 / np.sqrt(max(len(points.index), 1)), 3, 9))
    figure = go.Figure()
    rows: list[np.ndarray] = []

    def add(which: np.ndarray, name: str, marker: dict[str, Any], text: str) -> None:
        rows.append(which)
        figure.add_scattergl(
            x=points.xy[which, 0],
            y=points.xy[which, 1],
            mode="markers",
            name=name,
            customdata=points.index[which],
            text=None if classes else values[which],
            marker={"size": size, "opacity": 0.85, "line": {"width": 0}, **marker},
            unselected={"marker": {"opacity": 0.35}},
            selected={"marker": {"opacity": 1, "size": size + 2}},
            hovertemplate=f"Image %{{customdata}}<br>{text}<extra></extra>",
        )

    title = html.escape(_readable(colour))
    if classes:
        for i, name in enumerate(classes):
            which = np.flatnonzero(values == i)
            if len(which):
                safe = html.escape(name)
                add(which, safe, {"color": PALETTE[i]}, f"{title}: {safe}")
        if len(which := np.flatnonzero((values < 0) | (values >= len(classes)))):
            add(which, "unknown", {"color": "#8c8c99"}, f"{title}: unknown")
    else:
        known = values[np.isfinite(values)]
        low, high = np.percentile(known, [1, 99]) if len(known) else (0.0, 1.0)
        marker = {
            "color": values,
            "colorscale": WHEEL if colour.endswith("hue") else SCALE,
            "cmin": float(low),
            "cmax": float(max(high, low + 1e-9)),
            "colorbar": {"title": {"text": ""}, "thickness": 10, "len": 0.6, "outlinewidth": 0},
        }
        add(np.arange(len(values)), title, marker, f"{title}: %{{text:.3g}}")
    axis = {
        "showgrid": False,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "title": {"text": ""},
    }
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode="pan",
        hovermode="closest",
        showlegend=bool(classes),
        legend={
            "orientation": "h",
            "y": 0,
            "yanchor": "top",
            "x": 0,
            "itemsizing": "constant",
            "title": {"text": ""},
        },
        xaxis={**axis, "range": _range(points.xy[:, 0])},
        yaxis={**axis, "range": _range(points.xy[:, 1]), "scaleanchor": "x"},
    )
    return figure, rows


def _range(places: np.ndarray) -> list[float]:
    """From the first to the last, with a little room."""
    low, high = float(places.min()), float(places.max())
    room = 0.03 * (high - low) or 1.0
    return [low - room, high + room]


def _values(dataset: Dataset, points: Latents, colour: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """What colours each point, and the names of the classes where it is a class. [N]"""
    if colour == ERROR:
        return points.mse, ()
    if colour == KL:
        return points.kl_per_dim.sum(1), ()
    values = np.asarray(dataset.attributes[colour])[points.index]
    if np.issubdtype(values.dtype, np.integer):
        classes = tuple(map(str, dataset.classes.get(colour, ())))
        if not classes and len(values) and values.min() >= 0:
            classes = tuple(map(str, range(int(values.max()) + 1)))
        if 0 < len(classes) <= MAX_CLASSES:
            return values, classes
    return values.astype(np.float32), ()


def _chart(
    session: Session, dataset: Dataset, points: Latents, place: Place, colour: str
) -> list[int]:
    """Draw the map. Returns the rows of `points` that are chosen, on it or in the sheets."""
    figure, rows = _figure(dataset, dataset.fingerprint, place, colour)
    state, kept, seen = st.session_state, session.key("chosen"), session.key("seen")
    event = st.plotly_chart(
        figure,
        key=session.key("map"),
        alt="Map",
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        config={"scrollZoom": True, "displaylogo": False},
    )
    # Another figure begins with nothing selected, which takes nothing back.
    before = state.get(seen, (None, []))
    now = (place, colour), _picked_images(event, points, rows)
    if now[1] != (before[1] if before[0] == now[0] else []):
        state[kept] = now[1]
    state[seen] = now
    sheet = state.get(state.get(session.key("sheet"), "no sheet"))
    if sheet and sheet.get("picked"):
        state[kept] = sheet["picked"]
    row_of = {int(image): row for row, image in enumerate(points.index)}
    return [row_of[image] for image in state.get(kept, []) if image in row_of]


def _picked_images(event: Any, points: Latents, rows: list[np.ndarray]) -> list[int]:
    """The images of the points selected in the chart."""
    picked = []
    for point in event["selection"]["points"]:
        trace, place = point.get("curve_number", 0), point["point_index"]
        if 0 <= trace < len(rows) and 0 <= place < len(rows[trace]):
            picked.append(int(points.index[rows[trace][place]]))
    return picked


def _honest(session: Session, method: str, points: Latents, weights: Weights, num: int) -> None:
    """What the map shows, and how to have a fuller or a newer one."""
    text = "PC 1 across, PC 2 up. " if method == "pca" else ""
    text += f"{len(points.index):,} of {num:,} images, weights of step {points.step:,}."
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


def _detail(
    session: Session, model: VAE, dataset: Dataset, points: Latents, chosen: list[int]
) -> None:
    """What was clicked: nothing yet, one image, or a group."""
    if not chosen:
        sheet = np.random.default_rng(0).permutation(points.index)[:NUM_HINT]
        st.caption(
            "Click a point, or one of these images, to look into it. Draw a box or a lasso "
            "(tools above the map) to see a group."
        )
        _sheet(session, dataset, sheet.tolist(), "hint", "Some images of the map")
    elif len(chosen) == 1:
        _image(session, model, dataset, points, chosen[0])
    else:
        _group(session, model, dataset, points, chosen)


def _sheet(
    session: Session, dataset: Dataset, shown: list[int], name: str, label: str, tile: int = 52
) -> None:
    """A grid of images of which a clicked one is looked into."""
    key = st.session_state[session.key("sheet")] = f"{session.key('sheet')}.{name}"
    gallery.show(dataset, shown, [], key=key, label=label, max_picked=1, badges=False, tile=tile)


def _image(session: Session, model: VAE, dataset: Dataset, points: Latents, row: int) -> None:
    image = int(points.index[row])
    pixels = dataset.take(np.array([image]))
    mu = images.encode(model, pixels)
    name = str(dataset.names[image])
    st.markdown(f"**Image {image}**" + ("" if name == str(image) else f" :gray[{_plain(name)}]"))
    pair = st.columns(2, gap="small", wrap=False)
    for column, picture, title in (
        (pair[0], pixels[0], "Image"),
        (pair[1], images.decode(model, mu)[0], "Reconstruction"),
    ):
        column.image(images.address(picture, PICTURE), width="stretch", alt=title)
        column.caption(title, text_alignment="center")
    st.caption(
        f"KL {points.kl_per_dim[row].sum():.1f} nats, mean squared error {points.mse[row]:.4f}"
    )
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
    if opened:
        st.rerun()
    distance = np.square(points.mu - points.mu[row]).sum(1)
    nearest = [near for near in np.argsort(distance, kind="stable") if near != row]
    st.caption("Nearest in the latent space")
    near = [int(points.index[i]) for i in nearest[:NUM_NEIGHBOURS]]
    _sheet(session, dataset, near, f"near.{image}", "Nearest images", tile=36)
    _facts(dataset, image)


def _plain(text: str) -> str:
    """`text` with nothing left in it that Markdown would read."""
    return "".join(
        f"\\{letter}" if letter in r"\`*_{}[]()#+-.!|<>:$~" else letter for letter in text
    )


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


def _group(
    session: Session, model: VAE, dataset: Dataset, points: Latents, chosen: list[int]
) -> None:
    mean = points.mu[chosen].mean(0)
    st.markdown(f"**{len(chosen):,} images**")
    pair = st.columns(2, gap="small", wrap=False)
    pair[0].image(
        images.address(images.decode(model, [mean])[0], PICTURE),
        width="stretch",
        alt="Mean",
    )
    pair[0].caption("Their mean, decoded", text_alignment="center")
    pair[1].caption(
        f"KL {points.kl_per_dim[chosen].sum(1).mean():.1f} nats and mean squared error "
        f"{points.mse[chosen].mean():.4f} on average."
    )
    if pair[1].button(
        "Open in Sliders",
        on_click=_open_in_sliders,
        args=(session, None, mean),
    ):
        st.rerun()
    members = np.random.default_rng(0).permutation(chosen)[:NUM_MEMBERS]
    st.caption("Some of them")
    shown = [int(points.index[row]) for row in members]
    _sheet(session, dataset, shown, f"group.{hash(tuple(shown))}", "Members")


def _open_in_sliders(session: Session, image: int | None, z: np.ndarray) -> None:
    state = st.session_state
    state[session.key("hand_over")] = {"z": [float(value) for value in z], "index": image}
    state["panel"] = "Sliders"


def _use_in_interpolate(session: Session, image: int, letter: str) -> None:
    state = st.session_state
    picks = list(state.get(session.key("picks"), []))
    if letter == "A":
        picks = [image, *[pick for pick in picks[1:] if pick != image]]
    else:
        picks = [*[pick for pick in picks[:1] if pick != image], image]
    state[session.key("picks")] = picks
    st.toast(f"Image {image} is {letter} in Interpolate.", icon=":material/route:")
