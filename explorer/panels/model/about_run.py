"""What a run was trained on, with which options, and every evaluation."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from explorer.drawing import labels
from explorer.state.session import Session
from vae.config import Config, get_value, options
from vae.errors import ExplainedError, ImagesGoneError
from vae.runs.events import Event, last_event, measured
from vae.runs.folder import ALIVE

IN_ORDER = ("elbo", "nll", "kl", "bits_per_dim", "mse", "sigma", "active_units", "num_images")


UNITS = {
    "elbo": "nats per image",
    "nll": "nats per image",
    "kl": "nats per image",
    "bits_per_dim": "bits per pixel value",
    "mse": "squared error per pixel value, x in [0, 1]",
    "sigma": "pixel noise, x in [0, 1]",
    "active_units": "latent dimensions",
    "num_images": "validation images measured",
}


def evaluations_section(events: list[Event]) -> None:
    """The newest evaluation beside the best, and the gap between training and validation."""
    evaluations = measured(events)
    newest = evaluations[-1]
    best = max(evaluations, key=lambda event: float(event["elbo"]))
    st.markdown("#### In training &nbsp; :small[:gray[on images held out from it]]")
    rows = [
        {
            "": name,
            f"newest, step {newest['step']:,}": _number(newest[name]),
            f"best elbo, step {best['step']:,} ": _number(best.get(name)),
            "unit": UNITS[name],
        }
        for name in IN_ORDER
        if name in newest
    ]
    st.table(rows, border="horizontal", hide_index=True)
    per_epoch = int(last_event(events, "start").get("steps_per_epoch", 1))
    steps = [event for event in events if event["kind"] == "step" and "elbo" in event]
    last = [event["elbo"] for event in steps if event["step"] > newest["step"] - per_epoch]
    if last:
        train = sum(last) / len(last)
        st.caption(
            f"Over the last epoch, the elbo of the training images was {train:,.1f}: "
            f"{train - newest['elbo']:+,.1f} nats from that of the validation images. A growing "
            "gap means that the model overfits."
        )


def _number(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.5g}"


def data_section(session: Session, config: Config) -> None:
    start = last_event(session.events(), "start")
    train, validation = start.get("num_train", 0), start.get("num_validation", 0)
    facts = [f"source `{config.data.source}`"]
    if start:
        facts.append(
            f"{labels.counted(train + validation, 'image')}: {train:,} for training, "
            f"{validation:,} for validation"
        )
    credit = ""
    if session.status() not in ALIVE or start:
        try:
            dataset = session.dataset()
        except ImagesGoneError:
            facts.append(":red[which are gone]")
        except ExplainedError as error:
            facts.append(f":red[{error}]")
        else:
            counts = dataset.manifest["counts"]
            assert isinstance(counts, Mapping)
            if left_out := labels.left_out(counts):
                facts.append(f"left out: {labels.reasons(left_out)}")
            credit = str(dataset.manifest.get("credit") or "").strip()
    st.markdown("**Data** &nbsp; :small[" + " · ".join(facts) + "]")
    if credit:
        st.caption(f"Credit: {credit.splitlines()[0]}")


def options_section(config: Config) -> None:
    with st.expander("Every option of this run", icon=":material/settings:"):
        rows = [
            {
                "option": name,
                "value": _value(get_value(config, name)),
                "meaning": item.metadata.get("help", ""),
            }
            for name, item in options().items()
        ]
        st.table(rows, border="horizontal", hide_index=True)


def _value(value: object) -> str:
    if value is None:
        return "by itself"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
