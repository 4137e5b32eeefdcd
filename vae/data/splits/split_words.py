"""The words that say a split, of folders, files, keys of arrays and cells of tables alike."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

SplitName = Literal["train", "validation", "test", ""]  # "": nothing is said, so for training

_PLAIN: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training", "trn", "tra", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "vld", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
    **dict.fromkeys(("holdout", "heldout"), "test"),
}
WORDS: dict[str, SplitName] = {
    **_PLAIN,
    **{f"x{word}": split for word, split in _PLAIN.items()},  # xtrain
    "publictest": "validation",  # as FER2013 says it
    "privatetest": "test",
}
# Words that may as well mean a language, and so count only among others of their kind.
SHORT_WORDS: dict[str, SplitName] = {"tr": "train", "va": "validation", "te": "test", "ts": "test"}
# What may stand beside the word in a folder's name: train_images, trainset, train2017, trainA.
BESIDE = r"(?:[\W_]*(?:set|split|data|dataset|images?|imgs?|x|\d++))*"
ANY_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
NAMED = re.compile(
    rf"(?:(?:images?|imgs?|data|dataset|x)[\W_]+)?(?P<word>{ANY_WORD})"
    rf"(?:[\W_]*[ab]|{BESIDE})[\W_]*"
)


def split_of(name: str) -> SplitName:
    """What something of this name is for: "train", "validation", "test", or "" for no split."""
    match = NAMED.fullmatch(name.lower())
    return WORDS[match["word"]] if match else ""


def agreed_splits(names: Collection[str]) -> dict[str, SplitName] | None:
    """The split of each of these names that stand beside each other; None where they do not agree.

    They do where all of them are splits, one for training among them, once what all of them have
    in common is taken away: pets_train and pets_test, X_tr and X_te.
    """
    words = {name: [w for w in re.split(r"[\W_\d]+", name.lower()) if w] for name in names}
    common = set.intersection(*map(set, words.values())) if words else set()
    found: dict[str, SplitName] = {}
    for name, own in words.items():
        rest = [word for word in own if word not in common]
        found[name] = split_of("_".join(rest)) or SHORT_WORDS.get("".join(rest), "")
    splits = {*found.values()}
    return found if "" not in splits and "train" in splits and len(splits) > 1 else None
