"""An evaluation of a run as its log has it; no test stands here."""

from __future__ import annotations


def evaluation(step: int, elbo: float, kl: list[float], active: int, **more: float) -> dict:
    terms = {"elbo": elbo, "kl": sum(kl), "nll": -elbo - sum(kl), "active_units": active}
    dims = {f"kl_{j}": value for j, value in enumerate(kl)}
    return {"kind": "eval", "step": step, "epoch": 2, "mse": 0.01, **terms, **dims, **more}
