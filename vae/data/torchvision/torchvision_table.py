"""What is special about the sets of torchvision: parts, choices, and which hold no images.

A set that is not named here is understood by its signature: train=True and False, or split="train"
and "test", or one part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Words = Mapping[str, object]  # what a person writes -> the value of an option


@dataclass(frozen=True)
class Option:
    """An option of a set, and the words for its values."""

    name: str
    words: Words


def _option(name: str, *words: str) -> Option:
    return Option(name, {word: word for word in words})


TRAIN_OR_TEST = Option("train", {"train": True, "test": False})

# The first part trains; see `own_split` for what the words of the others mean. Parts whose words
# name no split (extra, unlabeled) are used where they are asked for.
PARTS: dict[str, Option] = {
    "CelebA": _option("split", "train", "valid", "test"),
    "Cityscapes": _option("split", "train", "val", "test"),
    "CLEVRClassification": _option("split", "train", "val", "test"),
    "Country211": _option("split", "train", "valid", "test"),
    "DTD": _option("split", "train", "val", "test"),
    "EMNIST": TRAIN_OR_TEST,
    "FGVCAircraft": _option("split", "train", "val", "test", "trainval"),
    "Flowers102": _option("split", "train", "val", "test"),
    "ImageNet": _option("split", "train", "val"),
    "Imagenette": _option("split", "train", "val"),
    "INaturalist": _option(
        "version", "2021_train", "2021_valid", "2021_train_mini", "2017", "2018", "2019"
    ),
    "LFWPeople": _option("split", "train", "test", "10fold"),
    "Omniglot": Option("background", {"background": True, "evaluation": False}),
    "OxfordIIITPet": _option("split", "trainval", "test"),
    "PCAM": _option("split", "train", "val", "test"),
    "Places365": _option("split", "train-standard", "val", "test", "train-challenge"),
    "QMNIST": _option("what", "train", "test", "test10k", "test50k", "nist"),
    "RenderedSST2": _option("split", "train", "val", "test"),
    "SBDataset": _option("image_set", "train", "val", "train_noval"),
    "STL10": _option("split", "train", "test", "unlabeled"),
    "SVHN": _option("split", "train", "test", "extra"),
    "VOCDetection": _option("image_set", "train", "val", "trainval"),
    "VOCSegmentation": _option("image_set", "train", "val", "trainval"),
    "WIDERFace": _option("split", "train", "val", "test"),
}

_YEARS = _option("year", *map(str, range(2007, 2013)))
CHOICES: dict[str, Option] = {
    "EMNIST": _option("split", "balanced", "byclass", "bymerge", "digits", "letters", "mnist"),
    "FGVCAircraft": _option("annotation_level", "variant", "family", "manufacturer"),
    "Imagenette": _option("size", "full", "320px", "160px"),
    "LFWPeople": _option("image_set", "original", "funneled", "deepfunneled"),
    "Places365": Option("small", {"large": False, "small": True}),
    "VOCDetection": _YEARS,
    "VOCSegmentation": _YEARS,
}
MUST_CHOOSE = ("EMNIST",)

# By the module of torchvision that the set is defined in, and by its name.
REFUSED_MODULES = {
    "_optical_flow": "pairs of frames with the flow between them, not single images",
    "_stereo_matching": "pairs of pictures for stereo vision, not single images",
    "hmdb51": "videos, not single images",
    "kinetics": "videos, not single images",
    "moving_mnist": "videos, not single images",
    "ucf101": "videos, not single images",
}
_ANNOTATED = "needs a file of annotations, so give the folder of its images instead"
_LMDB = "is kept in LMDB files, which torchvision opens with an unchecked pickle: export its images"
REFUSED: dict[str, str] = {
    "CocoCaptions": _ANNOTATED,
    "CocoDetection": _ANNOTATED,
    "DatasetFolder": "is any folder, so give the folder itself",
    "Flickr8k": _ANNOTATED,
    "Flickr30k": _ANNOTATED,
    "ImageFolder": "is any folder, so give the folder itself",
    "LFWPairs": "holds pairs of faces: torchvision:LFWPeople holds the single ones",
    "LSUN": _LMDB,
    "LSUNClass": _LMDB,
    "PhotoTour": "holds patches to be matched in pairs, not single images",
    "VisionDataset": "is no data set but what those of torchvision are made of",
}
