"""The sidebar: which run, and start, pause, resume, stop."""

from __future__ import annotations

import os
import re
from pathlib import Path

import streamlit as st

from explorer import cache
from explorer.session import Session
from vae.config import LIKELIHOODS, Config, ModelConfig, TrainConfig
from vae.errors import InputError
from vae.runs import processes
from vae.runs.events import last_event
from vae.runs.folder import ALIVE, Run, free_name, list_runs

DEFAULT_ROOT = Path(__file__).resolve().parent.parent / "checkpoints"
ICON = Path(__file__).parent / "assets" / "icon.png"
TICK_SECONDS = 1.0
NETWORKS = {
    "residual": "residual (default)",
    "conv": "five layers, as in tutorials",
    "mlp": "one hidden layer (MNIST)",
}
OBJECTIVES = {"elbo": "elbo", "beta_tc": "beta-TC", "autoencoder": "plain autoencoder"}

ICONS = {
    "new": ":material/fiber_new:",
    "starting": ":material/hourglass_top:",
    "running": ":material/play_circle:",
    "paused": ":material/pause_circle:",
    "stopped": ":material/stop_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "interrupted": ":material/warning:",
}
COLOURS = {
    "running": "green",
    "starting": "green",
    "paused": "orange",
    "failed": "red",
    "interrupted": "red",
    "finished": "violet",
}


def root() -> Path:
    """Where the runs are: the folder in VAE_ROOT, or `checkpoints` beside the app."""
    return Path(os.environ.get("VAE_ROOT", DEFAULT_ROOT))


def show() -> Session:
    """Draw the sidebar. Returns the session of the chosen run.

    A panel that begins a run leaves its name, and the panel to see it in, in next_run, next_panel.
    """
    where = root()
    names = [run.name for run in list_runs(where)]
    for what in ("run", "panel"):
        if following := st.session_state.pop(f"next_{what}", None):
            st.session_state[what] = following
    with st.sidebar:
        left, right = st.columns([1, 4], vertical_alignment="center")
        left.image(str(ICON), width=44, alt="")
        right.markdown("### Latent explorer")
        if names:
            st.session_state["run"] = _chosen(where, names)
            name: str | None = st.selectbox("Run", names, key="run")
        else:
            name = st.selectbox("Run", [], placeholder="No run yet: start one", key="run")
        session = Session(where, Run(where / name) if name else None)
        _controls(session)
        st.divider()
        _new_run(where)
    return session


def _chosen(where: Path, names: list[str]) -> str:
    """The run asked for by the page before or by the link, or else one that is in training."""
    wanted = st.session_state.get("run") or st.query_params.get("run")
    if wanted in names:
        return str(wanted)
    living = (name for name in names if cache.is_locked(str(where / name)))
    return next(living, names[0])


def _controls(session: Session) -> None:
    """Status and buttons of the chosen run, kept current while it trains."""
    every = TICK_SECONDS if session.is_alive() else None
    st.fragment(_draw_controls, run_every=every)(session, session.is_alive())


def _draw_controls(session: Session, was_alive: bool) -> None:
    run, status, events = session.run, session.status(), session.events()
    if (status in ALIVE) != was_alive:
        st.rerun()  # the whole page: other buttons, other panels
    if run is not None:
        colour = COLOURS.get(status, "gray")
        st.markdown(f":{colour}-badge[{ICONS[status]} {status}]{_place(session)}")
        reason = last_event(events, "end").get("reason")
        if status == "failed" and reason:
            st.error(str(reason), icon=":material/error:")
        if status == "starting":
            doing = processes.progress_of(run.log_file)
            if doing is not None:
                what, done, total = doing
                st.progress(min(1.0, done / max(1, total)), text=f"{what} {done:,} of {total:,}")
    left, middle, right = st.columns(3, gap="small")
    is_alive = status in ALIVE
    can_resume = status in ("paused", "stopped", "interrupted", "failed")
    pending = is_alive and run is not None and _asked(run, events)
    left.button(
        "Pause",
        on_click=_request,
        args=(run, "pause"),
        disabled=not is_alive or pending,
        width="stretch",
    )
    middle.button("Resume", on_click=_resume, args=(run,), disabled=not can_resume, width="stretch")
    right.button(
        "Stop",
        on_click=_request,
        args=(run, "stop"),
        disabled=not is_alive or pending,
        width="stretch",
    )
    if pending:
        st.caption("The trainer saves a checkpoint and ends ...")
    if message := st.session_state.get("message"):
        st.error(message, icon=":material/error:")


def _place(session: Session) -> str:
    """How far the run is, in words."""
    start = last_event(session.events(), "start")
    step = max((event.get("step", 0) for event in session.events()[-50:]), default=0)
    if not start:
        return ""
    epochs = int(start.get("train.epochs", 0))
    done = step / max(1, int(start.get("steps_per_epoch", 1)))
    return f"&nbsp; epoch {done:.1f} of {epochs}"


def _asked(run: Run, events: list[dict[str, object]]) -> bool:
    """Whether a request is on its way to the living trainer."""
    try:
        asked = run.control_file.stat().st_mtime
    except FileNotFoundError:
        return False
    return asked > float(str(last_event(events, "start").get("time", 0)))


def _request(run: Run, request: str) -> None:
    _try(lambda: run.request(request))


def _resume(run: Run) -> None:
    if _try(lambda: processes.start_training(run, {})):
        st.session_state["panel"] = "Live"


def _try(action: object) -> bool:
    """Do it; what it refuses becomes a sentence in the sidebar."""
    assert callable(action)
    try:
        action()
        cache.is_locked.clear()
    except InputError as error:
        st.session_state["message"] = str(error)
        return False
    st.session_state.pop("message", None)
    return True


def _new_run(where: Path) -> None:
    """What a new run is made of; everything has a good default."""
    defaults = Config()
    st.text_input(
        "Data",
        value=defaults.data.source,
        key="data",
        help="`synthetic` draws anime faces. Or the path of a folder of images, a .zip, a folder "
        "with MNIST's idx files, an .npz, or `torchvision:NAME`.",
    )
    with st.expander("Settings", icon=":material/tune:"):
        st.text_input(
            "Name",
            key="new_name",
            placeholder="chosen by itself",
            help="The folder of the run, under which it is listed above.",
        )
        st.number_input(
            "Epochs",
            1,
            100_000,
            TrainConfig().epochs,
            key="train.epochs",
            help="How often each training image is seen. More can be added later.",
        )
        st.number_input(
            "Latent dimensions",
            1,
            4096,
            ModelConfig().latent_dim,
            key="latent_dim",
            help="How many numbers a picture is written as. What is not needed stays unused.",
        )
        st.selectbox(
            "Network",
            NETWORKS,
            format_func=lambda name: NETWORKS[name],
            key="model.name",
            help="Residual draws the best pictures for its time. Five layers is the network of "
            "most tutorials, to compare with. One hidden layer suits small grey pictures.",
        )
        st.selectbox(
            "Likelihood",
            ["by the images", *LIKELIHOODS],
            key="likelihood",
            help="By the images: Gaussian with the shared optimal sigma for colour, Bernoulli for "
            "grey ones. Laplace makes sharper edges; per pixel has the highest elbo, not the best "
            "pictures.",
        )
        st.selectbox(
            "Objective",
            OBJECTIVES,
            format_func=lambda name: OBJECTIVES[name],
            key="train.objective",
            help="The elbo is the VAE itself, with its KL weighted by beta. Beta-TC weighs only "
            "what dimensions say about each other, the autoencoder has no KL and no noise. More "
            "on the command line: `python -m vae train --help`.",
        )
        st.number_input(
            "Beta",
            0.0,
            1000.0,
            TrainConfig().beta,
            key="train.beta",
            help="The price of the code. 1 is the VAE itself; more makes codes shorter and "
            "pictures blurrier, less makes samples worse.",
        )
        st.number_input(
            "Batch size",
            1,
            8192,
            TrainConfig().batch_size,
            key="train.batch_size",
            help="Images of one step. Larger batches make steadier, but fewer steps.",
        )
        st.number_input(
            "Learning rate",
            1e-6,
            1.0,
            TrainConfig().lr,
            format="%g",
            key="train.lr",
            help="The length of a step. Too long and training diverges, too short and it crawls.",
        )
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(where,),
        width="stretch",
    )


def _start(where: Path) -> None:
    state = st.session_state
    source = state["data"].strip()
    options = {name: str(state[name]) for name in state if str(name).startswith("train.")}
    options |= {
        "data.source": source,
        "model.name": state["model.name"],
        "model.latent_dim": str(state["latent_dim"]),
    }
    if state["likelihood"] != "by the images":
        options["model.likelihood"] = state["likelihood"]
    name = state["new_name"].strip() or free_name(where, _stem(source))
    run = Run(where / name)
    if _try(lambda: _begin(where, name, options)):
        state["run"], state["panel"] = run.name, "Live"


def _begin(where: Path, name: str, options: dict[str, str]) -> None:
    from vae.runs.folder import open_run

    run = open_run(where, name)
    if run.exists():
        raise InputError(f"There is a run {name} already: choose another name, or resume it.")
    processes.start_training(run, options)


def _stem(source: str) -> str:
    """A name for runs on that source."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", Path(source).stem).strip("-").lower()
    return "faces" if source == "synthetic" else word[:40] or "run"
