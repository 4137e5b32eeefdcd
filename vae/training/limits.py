"""What ends a training before its last epoch, other than a person or an error."""

from __future__ import annotations

import math

from vae.config import TrainConfig
from vae.runs.folder import Run
from vae.training.state import TrainingState


def reason_to_stop(
    run: Run, train: TrainConfig, state: TrainingState, steps_per_epoch: int, seconds: float
) -> str:
    """Why it has been long enough, `seconds` after this start; "" where it has not."""
    if train.max_minutes and seconds > 60 * train.max_minutes:
        return f"Stopped after {train.max_minutes:g} minutes (train.max_minutes)."
    # After a change of beta there is no loss yet to compare with.
    since = state.step - state.best_step
    if not train.patience or not math.isfinite(state.best_loss):
        return ""
    if since < train.patience * steps_per_epoch:
        return ""
    return (
        "Stopped: the validation loss has not fallen any further since step "
        f"{state.best_step:,} (train.patience). `python -m vae checkpoint {run.name} --use best` "
        "puts the weights of that step into use."
    )
