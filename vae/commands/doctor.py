"""The command `doctor`."""

from __future__ import annotations

import argparse
import textwrap

from vae.commands.open_run import Result
from vae.commands.progress import Progress
from vae.doctor import remedies
from vae.doctor.diagnose import findings
from vae.runs.folder import existing_run

WIDTH = 88


def doctor(arguments: argparse.Namespace, progress: Progress) -> Result:
    """Say what is wrong with a run, the evidence for it, and what helps."""
    run = existing_run(arguments.root, arguments.run)
    events, config = run.events(), run.config()
    status = run.status(events)
    found = findings(events, config, status)
    result = [
        {
            "name": finding.name,
            "kind": finding.kind,
            "evidence": finding.evidence,
            "remedy": finding.remedy,
            "commands": [remedies.command(run, config, each, status) for each in finding.remedies],
        }
        for finding in found
    ]
    for finding in result:
        print(f"{finding['kind']}: {finding['name']}")
        for text in filter(None, (finding["evidence"], finding["remedy"])):
            print(textwrap.indent(textwrap.fill(str(text), WIDTH), "  "))
        for line in finding["commands"]:
            print(f"  $ {line}")
        print()
    counts = {kind: sum(each.kind == kind for each in found) for kind in ("error", "warning")}
    words = ", ".join(f"{num} {kind}{'s' * (num != 1)}" for kind, num in counts.items())
    step = max((event.get("step", 0) for event in events), default=0)
    print(f"Run {run.name}, {status} at step {step:,}: {words}.")
    return {"run": run.name, "status": status, "step": step, "findings": result}
