"""What changes over a training: pure functions of the step, so that a resumed run is the same run.

`step` counts completed steps, `total_steps` those of the whole training.
"""

from __future__ import annotations

import math
from typing import assert_never

from vae.option_choices import LrSchedule

# Parts of the training: the warm-up of a cosine, the longest one of a cooldown, and its end.
WARMUP_PART = 0.01
MOST_WARMUP_PART = 0.1
WARMUP_STEPS = 15  # of a cooldown: at once at full speed, the first steps throw it far off
COOLDOWN_PART = 0.3
# Both end at this part of the learning rate.
FINAL_PART = 0.01


def lr_at(step: int, lr: float, schedule: LrSchedule, total_steps: int) -> float:
    """Learning rate of the step after `step` completed ones.

    ``constant``: lr. ``cooldown``: rises linearly over the first fifteen steps (of a short training
    over its first tenth), is lr, and falls over the last three tenths of the training linearly to
    lr / 100 at its last step (Hägele et al. 2024, arXiv:2405.18392). ``cosine``: rises
    linearly over the first hundredth of the training, then falls along half a cosine to lr / 100
    at its last step (Loshchilov & Hutter 2017, SGDR, equation 5, without restarts).

    It knows nothing of the past: a training that is given more epochs goes on at the learning
    rate that the longer one has at this step, which is higher than the one it had come down to.
    """
    if schedule == "constant":
        return lr
    final = FINAL_PART * lr
    if schedule == "cooldown":
        num_first = min(WARMUP_STEPS, int(MOST_WARMUP_PART * total_steps))
        if step < num_first:
            return lr * (step + 1) / (num_first + 1)
        num_last = max(1, round(COOLDOWN_PART * total_steps))
        part = min(1.0, (total_steps - 1 - step) / num_last)  # 1, then down to 0
        return final + (lr - final) * max(0.0, part)
    if schedule == "cosine":
        warmup = math.ceil(WARMUP_PART * total_steps)
        if step < warmup:
            return lr * (step + 1) / (warmup + 1)
        part = min(1.0, (step - warmup) / max(1, total_steps - 1 - warmup))  # 0 to 1
        return final + 0.5 * (lr - final) * (1 + math.cos(math.pi * part))
    assert_never(schedule)


def rise(step: int, value: float, warmup_steps: int, cycle_steps: int = 0) -> float:
    """`value` at `step`: from 0 linearly over `warmup_steps`, then constant.

    With `cycle_steps` it begins anew from 0 every so many steps: Fu et al. 2019 equation 6, whose
    M cycles over T steps with ratio R are cycle_steps = T / M and warmup_steps = R T / M.
    Without: Bowman et al. 2016 (of beta), Burgess et al. 2018 (of a capacity).
    """
    if cycle_steps:
        step %= cycle_steps
    return value if step >= warmup_steps else value * step / warmup_steps
