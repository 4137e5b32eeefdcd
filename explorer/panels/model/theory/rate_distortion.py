"""The plane of rate and distortion: where runs stand, and how they came there.

Rate is kl, distortion is nll, both in nats per image on validation images. On a line of constant
elbo, rate and distortion pay for each other one to one (Alemi et al. 2018, "Fixing a Broken ELBO").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from explorer.drawing.charts import FAINT_LINE, QUIET, Spec, nice
from vae.config import Config
from vae.errors import ExplainedError
from vae.runs.events import Event
from vae.runs.folder import Run

NUM_LINES = 5  # of constant elbo
MAX_RUNS = 12
MAX_TRAIL = 60


@dataclass(frozen=True)
class Place:
    """A run on the plane: (rate, distortion) at its evaluations, the newest last."""

    name: str
    trail: list[tuple[float, float]]
    is_own: bool


def rate_and_distortion(evaluations: Sequence[Event]) -> list[tuple[float, float]]:
    """(kl, nll) of evaluations, thinned, the newest always among them."""
    stride = -(-len(evaluations) // MAX_TRAIL) or 1
    return [(float(e["kl"]), float(e["nll"])) for e in evaluations[::-1][::stride][::-1]]


def why_apart(own: Config, other: Config) -> str:
    """Why the nll of another run cannot be set beside this one's; empty where it can."""
    if own.data != other.data:
        differ = [
            name.replace("_", " ")
            for name in ("source", "image_size", "num_images", "validation_fraction", "seed")
            if getattr(own.data, name) != getattr(other.data, name)
        ]
        return f"other images ({', '.join(differ)})"
    if own.model.likelihood != other.model.likelihood:
        return f"another likelihood ({other.model.likelihood})"
    return ""


def places(
    own: Run, own_config: Config, others: Sequence[tuple[Run, list[Event]]]
) -> tuple[list[Place], dict[str, str]]:
    """The runs that can be compared, this one last, and why each other run cannot.

    `others`: every run, this one among them, with its evaluations. Runs without one are left out.
    """
    shown, apart = [], {}
    for run, evaluations in others:
        if not evaluations:
            continue
        try:
            reason = "" if run == own else why_apart(own_config, run.config())
        except ExplainedError:
            continue
        if reason:
            apart[run.name] = reason
        else:
            shown.append(Place(run.name, rate_and_distortion(evaluations), run == own))
    shown.sort(key=lambda place: place.is_own)
    return shown[-MAX_RUNS:], apart


def spec(shown: Sequence[Place]) -> Spec:
    """Rate against distortion; this run large, its way there faint, lines of constant elbo."""
    own = shown[-1]
    later = own.trail[len(own.trail) // 4 :]  # the first steps may leave the picture
    points = later + [place.trail[-1] for place in shown]
    x, y = _bounds([p[0] for p in points], least=0.0), _bounds([p[1] for p in points])
    series: list[dict[str, Any]] = []
    for place in reversed(shown):  # this run first: the first series has the page's own colour
        colour = {
            "itemStyle": {"opacity": 1} if place.is_own else {"color": QUIET, "opacity": 0.85}
        }
        if len(place.trail) > 1:
            faint = {"width": 1.5, "opacity": 0.45} | ({} if place.is_own else {"color": QUIET})
            series.append(
                {
                    "name": place.name,
                    "type": "line",
                    "symbol": "circle",
                    "symbolSize": 3,
                    "lineStyle": faint,
                    "itemStyle": {"opacity": 0.45} | ({} if place.is_own else {"color": QUIET}),
                    "silent": True,
                    "data": _rounded(place.trail),
                }
            )
        series.append(
            {
                "name": place.name,
                "type": "scatter",
                "symbolSize": 15 if place.is_own else 10,
                "z": 5 if place.is_own else 4,
                "data": _rounded(place.trail[-1:]),
                "label": {
                    "show": True,
                    "formatter": place.name,
                    "position": "right",
                    "fontWeight": "bold" if place.is_own else "normal",
                },
                "labelLayout": {"hideOverlap": True, "moveOverlap": "shiftY"},
                **colour,
            }
        )
    series += [_line(elbo, x) for elbo in _elbos(x, y)]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 92, "top": 30, "bottom": 26, "containLabel": True},
        "tooltip": {"trigger": "item", "confine": True},
        "xAxis": _axis("rate: kl", x) | {"nameLocation": "middle", "nameGap": 28},
        "yAxis": _axis("distortion: nll", y) | {"nameLocation": "end"},
        "series": series,
    }


def _axis(name: str, bounds: tuple[float, float]) -> dict[str, Any]:
    return {
        "type": "value",
        "name": name,
        "nameTextStyle": {"align": "left"} if "nll" in name else {},
        "min": bounds[0],
        "max": bounds[1],
        "splitNumber": 4,
        "splitLine": {"show": False},
        "axisLine": {"show": True, "lineStyle": FAINT_LINE["lineStyle"]},
        "axisLabel": {"hideOverlap": True, "showMinLabel": False, "showMaxLabel": False},
    }


def _bounds(values: Sequence[float], least: float | None = None) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = 0.18 * (high - low) or max(1.0, 0.05 * abs(high))
    low -= pad
    return (low if least is None else max(least, low)), high + pad


def _elbos(x: tuple[float, float], y: tuple[float, float]) -> list[float]:
    """Round levels of the elbo whose lines leave the picture at its right side."""
    low, high = -(x[1] + y[1]), -(x[1] + y[0])
    tick = nice((high - low) / NUM_LINES)
    return [tick * i for i in range(math.ceil(low / tick), math.floor(high / tick) + 1)]


def _line(elbo: float, x: tuple[float, float]) -> dict[str, Any]:
    """nll = -elbo - kl across the picture."""
    return {
        "type": "line",
        "symbol": "none",
        "silent": True,
        "clip": True,
        "lineStyle": {"color": "#8886", "width": 1, "type": "dashed"},
        "endLabel": {
            "show": True,
            "formatter": f"elbo {elbo:,.0f}",
            "color": QUIET,
            "fontSize": 11,
        },
        "data": [[round(rate, 3), round(-elbo - rate, 3)] for rate in x],
    }


def _rounded(points: Sequence[tuple[float, float]]) -> list[list[float]]:
    return [[round(value, 3) for value in point] for point in points]
