"""The command that lists the runs, and where one of them stands."""

from __future__ import annotations

import argparse
from typing import Any

from vae.commands.progress import Progress
from vae.errors import ExplainedError
from vae.runs.events import last_event
from vae.runs.folder import Run, list_runs

Result = dict[str, Any]


def runs(arguments: argparse.Namespace, progress: Progress) -> Result:
    """List the runs: status, data, step, elbo."""
    rows = []
    for run in list_runs(arguments.root):
        try:
            source = run.config().data.source
        except ExplainedError:
            source = "?"
        stand = standing(run)
        row = {name: stand.get(name) for name in ("run", "status", "step", "epoch", "elbo")}
        rows.append(row | {"data": source})
    if not rows:
        print(
            f"There are no runs in {arguments.root} yet. "
            "Start one: python -m vae train my-first-run"
        )
    for row in rows:
        elbo = "" if row["elbo"] is None else f"elbo {row['elbo']:.1f}"
        place = f"step {row['step']:>7}"
        print(f"{row['run']:<24} {row['status']:<12} {place}  {elbo:<16} {row['data']}")
    return {"runs": rows}


def standing(run: Run) -> Result:
    """Where a run stands, from its events."""
    events = run.events()
    evaluation, step = last_event(events, "eval"), last_event(events, "step")
    newest = max((event.get("step", 0) for event in events), default=0)
    names = ("nll", "kl", "elbo", "loss", "bits_per_dim", "active_units", "num_images")
    return {
        "run": run.name,
        "status": run.status(events),
        "step": newest,
        "epoch": last_event(events, "end").get("epoch", step.get("epoch", 0)),
        "seconds": step.get("seconds", 0.0),
        **{name: evaluation[name] for name in names if name in evaluation},
    }
