"""What moving an attribute does to the pictures, as the model itself sees them.

Posterior means are moved, decoded, and the pictures encoded again: what the attributes' readings of
those are shows what was drawn, where a reading of the moved z alone would only repeat the move.

n images, D latent dimensions, T readings of an attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vae.directions.attribute_axes import AttributeAxes
from vae.directions.definitions import Doubles, Floats
from vae.model.networks import VAE

NUM_IMAGES = 24
TURN = 1 / 6  # of a circle, to each side


@dataclass(frozen=True)
class Effect:
    """What a move of one attribute changes another one by."""

    attribute: str
    change: float  # in standard deviations of its readings over the images; signed for numbers
    is_own: bool


@dataclass(frozen=True)
class Measured:
    """What a move came to in the pictures."""

    share: float  # of the move that was asked for: 1 is all of it
    effects: list[Effect]  # of all attributes, the own first, then the largest


def measured_effect(
    moved: AttributeAxes, all_axes: Sequence[AttributeAxes], model: VAE, mu: Floats
) -> Measured:
    """Move means mu [N, D] of images by one unit each way, a sixth of a turn, or to the next class.

    Of the images the first `NUM_IMAGES` are moved.
    """
    z = mu[:NUM_IMAGES].astype(np.float64)
    own = _readings(moved, z)
    there, back = _wanted(moved, own)
    changes = [drawn - own for drawn in (there, back)]  # [n, T] each, asked for
    codes = [_drawn(model, z + change @ moved.moves) for change in changes]
    asked = changes[0] - changes[1]
    effects, share = [], 0.0
    for one in all_axes:
        change = _readings(one, codes[0]) - _readings(one, codes[1])  # [n, T]
        spread = float(np.linalg.norm(_readings(one, mu.astype(np.float64)).std(0)))
        is_own = one.attribute == moved.attribute
        if is_own:  # which moves each image its own way
            share = float((change * asked).sum() / (asked**2).sum())
            size = share * float(np.sqrt((asked**2).sum(1).mean())) / 2
        else:
            mean = change.mean(0) / 2
            size = float(mean[0] if one.kind == "number" else np.linalg.norm(mean))
        effects.append(Effect(one.attribute, size / spread, is_own))
    effects.sort(key=lambda effect: (not effect.is_own, -abs(effect.change)))
    return Measured(share, effects)


def _readings(axes: AttributeAxes, z: Doubles) -> Doubles:
    """[n, D] -> [n, T]"""
    result: Doubles = z @ axes.reads.T - axes.centre
    return result


def _wanted(axes: AttributeAxes, own: Doubles) -> tuple[Doubles, Doubles]:
    """Readings to move images with the readings `own` to, one way and the other. [n, T] each"""
    if axes.kind == "number":
        return own + 1, own - 1
    if axes.kind == "circle":
        angle = np.arctan2(own[:, 1], own[:, 0])
        ways = (angle + sign * 2 * np.pi * TURN for sign in (1, -1))
        there, back = (np.stack([np.cos(way), np.sin(way)], 1) for way in ways)
        return there, back
    apart = np.linalg.norm(own[:, None] - axes.values[None], axis=2)
    nearest = apart.argmin(1)
    return axes.values[(nearest + 1) % len(axes.values)], axes.values[nearest]


@torch.inference_mode()
def _drawn(model: VAE, z: Doubles) -> Doubles:
    """The codes of the pictures of z. [n, D] -> [n, D]"""
    pictures = model.decode(torch.from_numpy(z).float().to(next(model.parameters()).device))
    codes: Doubles = model.encode(pictures).mu.cpu().double().numpy()
    return codes
