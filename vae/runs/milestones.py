"""When a training draws, measures and saves, and so how long all of it takes. Steps and seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Previews come at steps that grow by this factor: dense while the model changes fast.
PREVIEW_GROWTH = 1.08
FIRST_CHECKPOINT = 20
CHECKPOINT_SECONDS, CHECKPOINT_PART = 10.0, 0.2  # that measuring and saving may always take
EVALUATION_IMAGES = 2000  # of those for validation, while it trains
LAST_EVALUATION_IMAGES = 50_000  # of those, once in the end


def preview_is_due(step: int) -> bool:
    """Whether a preview belongs to `step`: at 0, 1, 2, ... and then ever farther apart."""
    due = 0
    while due < step:
        due = _next_preview(due)
    return due == step


def num_previews(num_steps: int) -> int:
    """How many previews a training of so many steps has, the first and the last among them."""
    due = num = 0
    while due <= num_steps:
        due, num = _next_preview(due), num + 1
    return num + (not preview_is_due(num_steps))


def _next_preview(due: int) -> int:
    return max(due + 1, int(due * PREVIEW_GROWTH))


def checkpoint_is_due(step: int, every: int, steps_per_epoch: int) -> bool:
    """Whether a training measures and saves after `step` steps."""
    return step == FIRST_CHECKPOINT or step % every == 0 or step % steps_per_epoch == 0


def checkpoint_may_wait(spent: float, trained: float) -> bool:
    """Whether one that is due is left to the next time, after so many seconds of both.

    Measuring and saving takes at most a fifth of a training, beyond its first seconds: on a fast
    device an epoch of a small set is shorter than writing what it has learnt.
    """
    return spent > CHECKPOINT_SECONDS + CHECKPOINT_PART * trained


def num_checkpoints(num_steps: int, every: int, steps_per_epoch: int) -> int:
    """How often a training of so many steps measures and saves."""
    both = math.lcm(every, steps_per_epoch)
    num = num_steps // every + num_steps // steps_per_epoch - num_steps // both
    has_first = num_steps >= FIRST_CHECKPOINT
    is_another = FIRST_CHECKPOINT % every != 0 and FIRST_CHECKPOINT % steps_per_epoch != 0
    return num + (has_first and is_another)


@dataclass(frozen=True)
class Costs:
    """Seconds that the parts of a training take on one machine."""

    first_pictures: float  # from the start to the first preview
    step: float
    preview: float
    evaluation: float  # while it trains, with the checkpoint after it

    def all(self, num_steps: int, every: int, steps_per_epoch: int, num_validation: int) -> float:
        """What a training of so many steps takes, from its start to its end."""
        in_the_end = min(num_validation, LAST_EVALUATION_IMAGES) / EVALUATION_IMAGES
        steps = num_steps * self.step
        while_it_trains = num_checkpoints(num_steps, every, steps_per_epoch) * self.evaluation
        most = CHECKPOINT_SECONDS + CHECKPOINT_PART * steps + self.evaluation
        return (
            self.first_pictures
            + steps
            + (num_previews(num_steps) - 1) * self.preview
            + min(while_it_trains, most)
            + (in_the_end if in_the_end > 1 else 0) * self.evaluation
        )
