"""Columns that say of each image which split it is of, by their name and their texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vae.data.splits.split_words import SHORT_WORDS, split_of

SPLIT_COLUMNS = {"split", "partition", "evalpartition", "datasplit", "set", "subset", "usage"}
YES_COLUMNS = {  # the split of the images of which they say yes, and of the others
    **dict.fromkeys(("istrain", "istraining", "istrainingimage"), ("train", "test")),
    **dict.fromkeys(("isvalid", "isval", "isvalidation"), ("validation", "train")),
    "istest": ("test", "train"),
}


def splits_in(
    name: str, texts: Sequence[str], images_with: Sequence[int] | None = None
) -> list[str] | None:
    """The split that each of these texts means, None where the column of that name is none.

    Words are, whatever the column is called, where ``train`` is one of them; 0, 1 and 2 are train,
    validation and test in a column of that name. Where it is told how many images each text is
    given, odd words ("") of up to half of the images may stand among those of several splits.
    """
    plain = re.sub(r"[\W_]", "", name.lower())
    is_called_so = plain in SPLIT_COLUMNS
    words: Mapping[str, str] = {}
    if is_called_so and "0" in texts:
        words = {"0": "train", "1": "validation", "2": "test"}
    elif plain in YES_COLUMNS:
        yes, no = YES_COLUMNS[plain]
        words = dict.fromkeys(("1", "true", "yes"), yes)
        words |= dict.fromkeys(("0", "false", "no"), no)
    short = SHORT_WORDS if is_called_so else {}
    said = [text.lower() for text in texts]
    found = [words.get(t, "") or split_of(t) or short.get(t, "") for t in said]
    if all(found):
        return found if is_called_so or plain in YES_COLUMNS or "train" in found else None
    if images_with is None or words or "train" not in found or len({*found}) < 3:
        return None
    num_odd = sum(num for num, split in zip(images_with, found, strict=True) if not split)
    return found if 2 * num_odd <= sum(images_with) else None
