"""Attributes of faces in groups, as a person looks for them."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words in the name of an attribute, those looked for first before others; the first group that has
# one of its words is its group.
GROUPS: dict[str, tuple[str, ...]] = {
    "Accessories": (
        *("glasses", "eyeglasses", "sunglasses", "accessory", "hat", "earrings", "necklace"),
        *("necktie", "lipstick", "makeup", "wearing"),
    ),
    "Expression": (
        *("smile", "smiling", "mouth", "lips", "expression", "emotion", "teeth", "brow", "brows"),
        *("eyebrow", "eyebrows", "blush", "cheeks"),
    ),
    "Eyes": ("eye", "eyes", "gaze", "iris", "pupil", "lashes", "eyelashes"),
    "Hair": (
        *("hair", "hairstyle", "haircut", "fringe", "bangs", "bald", "hairline", "beard"),
        *("mustache", "goatee", "sideburns", "shadow"),
    ),
    "Pose": (
        "head",
        "yaw",
        "pitch",
        "roll",
        "turn",
        "tilt",
        "position",
        "scale",
        "mirrored",
        "dx",
        "dy",
    ),
    "Face": (
        *("face", "skin", "age", "young", "male", "gender", "chin", "cheekbones", "nose", "jaw"),
        *("complexion", "chubby"),
    ),
    "Around the face": ("outfit", "clothes", "clothing", "background"),
}
# As they stand on the page.
ORDER = ("Expression", "Eyes", "Hair", "Accessories", "Face", "Pose", "Around the face")
OTHERS = "Others"


def group_of(attribute: str) -> tuple[str, int]:
    """Its group, or `OTHERS`, and its place there."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", attribute).lower())
    for group, known in GROUPS.items():
        places = [known.index(word) for word in words if word in known]
        if places:
            return group, min(places)
    return OTHERS, 0


def in_groups(attributes: Iterable[str]) -> list[tuple[str, str]]:
    """Attributes with their groups, in the order of the page; no group has a name if it is alone.

    Of one place in one group they stay in the order they come in.
    """
    order = (*ORDER, OTHERS)
    found = [
        (order.index(group), place, name)
        for name in attributes
        for group, place in [group_of(name)]
    ]
    found.sort(key=lambda one: one[:2])
    is_alone = len({group for group, _, _ in found}) < 2
    return [(name, "" if is_alone else order[group]) for group, _, name in found]
