"""A path as a film: the points of each frame, and the file.

K key points, D latent dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorer.drawing import images
from explorer.drawing.images import Floats
from explorer.state.chosen_path import FINE, Tour, trace
from explorer.state.session import Session
from vae import pictures
from vae.option_choices import PathKind

if TYPE_CHECKING:
    from vae.model.networks import VAE


def filmed(session: Session, keys: Floats, kind: PathKind, tour: Tour) -> Floats:
    """The points of an animation of the path through keys [K, D], a frame each. [frames, D]

    There and back with a rest at each end, or around: from the last key on to the first.
    """
    if tour.way == "around":
        keys = np.concatenate([keys, keys[:1]])
    legs = len(keys) - 1
    curve = trace(session, keys, legs * FINE + 1, kind)
    num = round(images.FRAMES_PER_LEG / tour.speed)
    place = np.arange(legs * num + 1) / num
    if tour.ease:
        leg, part = np.divmod(place, 1)
        place = leg + part * part * (3 - 2 * part)
    at, whole = place * FINE, np.arange(len(curve))
    z = np.stack([np.interp(at, whole, column) for column in curve.T], axis=1).astype(np.float32)
    if tour.way == "around":
        return z[:-1]
    held = images.HELD_FRAMES
    ends = [np.repeat(end, held, axis=0) for end in (z[:1], z[-1:])]
    return np.concatenate([ends[0], z[1:-1], ends[1], z[-2:0:-1]])


def film(model: VAE, z: Floats, suffix: str, comment: str = "") -> bytes:
    """An animation file of decoded points, a frame each, with a comment. z [frames, D]"""
    known, which = np.unique(z, axis=0, return_inverse=True)
    decoded = np.concatenate(
        [images.decode(model, known[i : i + 64]) for i in range(0, len(known), 64)]
    )
    frames = [images.enlarged(image, images.EXPORT_SIZE) for image in decoded]
    seconds = images.FRAME_SECONDS
    return pictures.animation([frames[i] for i in which], suffix, seconds, seconds, comment)
