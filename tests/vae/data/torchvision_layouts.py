"""Small data sets of one colour per image in the layouts that torchvision reads from disk.

Longer than 250 lines because it holds one writer for each of some forty sets.
"""

from __future__ import annotations

import bz2
import csv
import json
import pickle
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse
import torch
from PIL import Image

Item = tuple[int, str | None]  # which picture, and what its label is called


@dataclass(frozen=True)
class Layout:
    """What lies on disk, by the part it belongs to."""

    train: Sequence[Item]
    validation: Sequence[Item] = ()  # none: the set has no split of its own
    apart: int = 0  # test images where there are validation images too
    suffix: str = ""  # of torchvision:NAME


def colour(number: int) -> tuple[int, int, int]:
    return 8 * number, 255 - 8 * number, 128


def picture(number: int, side: int = 32) -> Image.Image:
    return Image.new("RGB", (side, side), colour(number))


def grey(number: int, side: int) -> np.ndarray:
    """[side, side]"""
    return np.full((side, side), 8 * number, np.uint8)


def save(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".jpg", ".jpeg", ".JPEG"):
        picture(number).save(path, "JPEG", quality=95)
    else:
        picture(number).save(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def mat(path: Path, **arrays: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, arrays)


def idx(path: Path, array: np.ndarray, kind: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = bytes((0, 0, kind, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.astype(">i4" if kind == 12 else np.uint8).tobytes())


def greys(numbers: Sequence[int], side: int) -> np.ndarray:
    return np.stack([grey(number, side) for number in numbers])


TRAIN, VALIDATION, TEST = (0, 1, 2, 3), (4, 5), (6, 7, 8)


def split(names: Sequence[str | None], *, has_validation: bool = True) -> Layout:
    """The pictures of the usual parts, labelled in turns."""
    label = {number: names[number % len(names)] for number in range(10)}
    train = [(number, label[number]) for number in TRAIN]
    if has_validation:
        return Layout(train, [(number, label[number]) for number in VALIDATION], len(TEST))
    return Layout(train, [(number, label[number]) for number in TEST])


# ---------------------------------------------------------------------------- idx


def _digits(root: Path, name: str, classes: Sequence[str]) -> Layout:
    for part, numbers in (("train", TRAIN), ("t10k", TEST)):
        idx(root / name / "raw" / f"{part}-images-idx3-ubyte", greys(numbers, 28))
        idx(root / name / "raw" / f"{part}-labels-idx1-ubyte", np.array(numbers))
    names = dict(enumerate(classes))
    return Layout([(n, names[n]) for n in TRAIN], [(n, names[n]) for n in TEST])


def mnist(root: Path) -> Layout:
    return _digits(root, "MNIST", "0123456789")


def fashion_mnist(root: Path) -> Layout:
    shown = "T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot".split()
    return _digits(root, "FashionMNIST", shown)


def kmnist(root: Path) -> Layout:
    return _digits(root, "KMNIST", "0123456789")


def emnist(root: Path) -> Layout:
    for kind in ("letters", "digits"):
        for part, numbers in (("train", TRAIN), ("test", TEST)):
            stem = root / "EMNIST" / "raw" / f"emnist-{kind}-{part}"
            shift = 1 if kind == "letters" else 0
            idx(Path(f"{stem}-images-idx3-ubyte"), greys(numbers, 28) + 9 * (1 - shift))
            idx(Path(f"{stem}-labels-idx1-ubyte"), np.array(numbers) + shift)
    letters = "abcdefghij"
    return Layout([(n, letters[n]) for n in TRAIN], [(n, letters[n]) for n in TEST], 0, "letters")


def qmnist(root: Path) -> Layout:
    for part, numbers in (("train", TRAIN), ("test", TEST)):
        raw = root / "QMNIST" / "raw"
        idx(raw / f"qmnist-{part}-images-idx3-ubyte", greys(numbers, 28))
        labels = np.zeros((len(numbers), 8), np.int32)
        labels[:, 0] = numbers
        idx(raw / f"qmnist-{part}-labels-idx2-int", labels, 12)
    words = "zero one two three four five six seven eight nine".split()
    names = [f"{number} - {word}" for number, word in enumerate(words)]
    return Layout([(n, names[n]) for n in TRAIN], [(n, names[n]) for n in TEST])


# ---------------------------------------------------------------------------- arrays


def _cifar(root: Path, folder: str, files: dict[str, Sequence[int]], key: str) -> None:
    (root / folder).mkdir(parents=True)
    for name, numbers in files.items():
        rows = [np.asarray(picture(n)).transpose(2, 0, 1).reshape(-1) for n in numbers]
        entry = {"data": np.stack(rows), key: [n % 3 for n in numbers]}
        (root / folder / name).write_bytes(pickle.dumps(entry))


def cifar10(root: Path) -> Layout:
    folder = "cifar-10-batches-py"
    files = {f"data_batch_{part}": [part - 1] for part in range(1, 6)}
    _cifar(root, folder, {**files, "test_batch": TEST}, "labels")
    names = ["plane", "car", "bird"]
    (root / folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))
    return Layout([(n, names[n % 3]) for n in range(5)], [(n, names[n % 3]) for n in TEST])


def cifar100(root: Path) -> Layout:
    folder = "cifar-100-python"
    _cifar(root, folder, {"train": TRAIN, "test": TEST}, "fine_labels")
    names = ["apple", "bed", "cup"]
    (root / folder / "meta").write_bytes(pickle.dumps({"fine_label_names": names}))
    return split(names, has_validation=False)


def svhn(root: Path) -> Layout:
    for part, numbers in (("train", TRAIN), ("test", TEST), ("extra", (9, 9))):
        images = np.stack([np.asarray(picture(n)) for n in numbers], axis=-1)
        labels = np.array([[n or 10] for n in numbers], np.uint8)  # 10 stands for the digit 0
        mat(root / f"{part}_32x32.mat", X=images, y=labels)
    return Layout([(n, str(n)) for n in TRAIN], [(n, str(n)) for n in TEST])


def stl10(root: Path) -> Layout:
    folder = root / "stl10_binary"
    folder.mkdir()
    for part, numbers in (("train", TRAIN), ("test", TEST), ("unlabeled", (9,))):
        images = [np.asarray(picture(n, 96)).transpose(2, 1, 0) for n in numbers]
        np.stack(images).tofile(folder / f"{part}_X.bin")
        if part != "unlabeled":
            np.array([n % 2 + 1 for n in numbers], np.uint8).tofile(folder / f"{part}_y.bin")
    write(folder / "class_names.txt", "airplane\nbird\n")
    return split(["airplane", "bird"], has_validation=False)


def usps(root: Path) -> Layout:
    for name, numbers in (("usps.bz2", TRAIN), ("usps.t.bz2", TEST)):
        lines = []
        for number in numbers:
            level = (8 * number + 0.5) / 127.5 - 1
            pixels = " ".join(f"{index + 1}:{level:.5f}" for index in range(256))
            lines.append(f"{number + 1} {pixels} \n")
        (root / name).write_bytes(bz2.compress("".join(lines).encode()))
    return Layout([(n, str(n)) for n in TRAIN], [(n, str(n)) for n in TEST])


def semeion(root: Path) -> Layout:
    rows = []
    for number in range(4):
        pixels = np.full(256, 8 * number / 255 + 1e-4)
        rows.append(np.concatenate([pixels, np.arange(10) == number]))
    np.savetxt(root / "semeion.data", rows, fmt="%.6f")
    return Layout([(n, str(n)) for n in range(4)])


def pcam(root: Path) -> Layout:
    import h5py

    (root / "pcam").mkdir()
    for part, numbers in (("train", TRAIN), ("valid", VALIDATION), ("test", TEST)):
        stem = f"camelyonpatch_level_2_split_{part}"
        with h5py.File(root / "pcam" / f"{stem}_x.h5", "w") as file:
            file["x"] = np.stack([np.asarray(picture(n, 96)) for n in numbers])
        with h5py.File(root / "pcam" / f"{stem}_y.h5", "w") as file:
            file["y"] = np.array([n % 2 for n in numbers]).reshape(-1, 1, 1, 1)
    return split(["0", "1"])


def fer2013(root: Path) -> Layout:
    (root / "fer2013").mkdir()
    with open(root / "fer2013" / "fer2013.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["emotion", "pixels", "Usage"])
        for usage, numbers in (("Training", TRAIN), ("PublicTest", TEST)):
            for number in numbers:
                table.writerow([number % 2, " ".join([str(8 * number)] * 48 * 48), usage])
    return split(["0", "1"], has_validation=False)


# ---------------------------------------------------------------------------- files with lists


def celeba(root: Path) -> Layout:
    folder = root / "celeba"
    rows = [f"{number + 1:06}.jpg" for number in range(9)]
    for number, row in enumerate(rows):
        save(folder / "img_align_celeba" / row, number)
    parts = [0] * 4 + [1] * 2 + [2] * 3
    write(folder / "list_eval_partition.txt", _lines(rows, parts))
    write(folder / "identity_CelebA.txt", _lines(rows, range(9)))
    signs = [f"{(-1, 1)[n % 2]:2d} -1" for n in range(9)]
    write(folder / "list_attr_celeba.txt", f"9\nSmiling Young \n{_lines(rows, signs)}")
    write(folder / "list_bbox_celeba.txt", f"9\nimage_id x_1 y_1 width height\n{_four(rows)}")
    landmarks = "lefteye_x lefteye_y righteye_x righteye_y"
    write(folder / "list_landmarks_align_celeba.txt", f"9\n{landmarks}\n{_four(rows)}")
    return split([None])


def _lines(rows: Sequence[str], cells: Sequence[object]) -> str:
    return "".join(f"{row} {cell}\n" for row, cell in zip(rows, cells, strict=True))


def _four(rows: Sequence[str]) -> str:
    return _lines(rows, ["1   2  3    4"] * len(rows))


def flowers102(root: Path) -> Layout:
    folder = root / "flowers-102"
    for number in range(9):
        save(folder / "jpg" / f"image_{number + 1:05}.jpg", number)
    mat(folder / "imagelabels.mat", labels=np.array([[n % 2 + 1 for n in range(9)]]))
    ids = {"trnid": TRAIN, "valid": VALIDATION, "tstid": TEST}
    mat(folder / "setid.mat", **{key: [[n + 1 for n in ids[key]]] for key in ids})
    return split(["pink primrose", "hard-leaved pocket orchid"])


def places365(root: Path) -> Layout:
    names = ["/a/airfield", "/b/bedroom"]
    write(root / "categories_places365.txt", "".join(f"{n} {i}\n" for i, n in enumerate(names)))
    lists: dict[str, list[str]] = {"train_standard": [], "val": [], "test": []}
    for number in TRAIN:
        name = f"{names[number % 2]}/{number:08}.jpg"
        save(root / "data_256_standard" / name[1:], number)
        lists["train_standard"].append(f"{name} {number % 2}")
    for part, numbers in (("val", VALIDATION), ("test", TEST)):
        for number in numbers:
            save(root / f"{part}_256" / f"{number:08}.jpg", number)
            lists[part].append(f"{number:08}.jpg" + f" {number % 2}" * (part == "val"))
    for part, lines in lists.items():
        write(root / f"places365_{part}.txt", "\n".join(lines) + "\n")
    found = split(names)
    return Layout(found.train, found.validation, found.apart, "small")


def lfw_people(root: Path) -> Layout:
    folder = root / "lfw-py"
    people = ["Ann_Lee", "Bo_Li"]
    write(folder / "lfw_funneled.tgz", "")
    write(folder / "lfw-funneled.tgz", "")
    write(folder / "lfw-names.txt", "Ann_Lee\t4\nBo_Li\t3\n")
    write(folder / "peopleDevTrain.txt", "1\nAnn_Lee\t4\n")
    write(folder / "peopleDevTest.txt", "1\nBo_Li\t3\n")
    for person, numbers in zip(people, (TRAIN, TEST), strict=True):
        for place, number in enumerate(numbers):
            save(folder / "lfw_funneled" / person / f"{person}_{place + 1:04}.jpg", number)
    return Layout([(n, "Ann_Lee") for n in TRAIN], [(n, "Bo_Li") for n in TEST])


def oxford_pet(root: Path) -> Layout:
    folder = root / "oxford-iiit-pet"
    names = ["Abyssinian", "american_bulldog"]
    for part, numbers in (("trainval", TRAIN), ("test", TEST)):
        rows = []
        for number in numbers:
            name = f"{names[number % 2]}_{number}"
            save(folder / "images" / f"{name}.jpg", number)
            rows.append(f"{name} {number % 2 + 1} {number % 2 + 1} 1")
        write(folder / "annotations" / f"{part}.txt", "\n".join(rows) + "\n")
    return split(["Abyssinian", "American Bulldog"], has_validation=False)


def gtsrb(root: Path) -> Layout:
    folder = root / "gtsrb"
    for number in TRAIN:
        save(folder / "GTSRB" / "Training" / f"{number % 2:05}" / f"{number:05}.ppm", number)
    rows = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    for number in TEST:
        save(folder / "GTSRB" / "Final_Test" / "Images" / f"{number:05}.ppm", number)
        rows.append(f"{number:05}.ppm;32;32;1;1;30;30;{number % 2}")
    write(folder / "GT-final_test.csv", "\n".join(rows) + "\n")
    found = split(["0", "1"], has_validation=False)
    return Layout(sorted(found.train, key=lambda item: item[1] or ""), found.validation)


def fgvc_aircraft(root: Path) -> Layout:
    data = root / "fgvc-aircraft-2013b" / "data"
    names = ["707-320", "Cessna 172"]
    write(data / "variants.txt", "\n".join(names) + "\n")
    for part, numbers in (("train", TRAIN), ("val", VALIDATION), ("test", TEST)):
        rows = [f"{number:07} {names[number % 2]}" for number in numbers]
        write(data / f"images_variant_{part}.txt", "\n".join(rows) + "\n")
        for number in numbers:
            save(data / "images" / f"{number:07}.jpg", number)
    return split(names)


def food101(root: Path) -> Layout:
    folder = root / "food-101"
    for part, numbers in (("train", TRAIN), ("test", TEST)):
        lists: dict[str, list[str]] = {"pie": [], "soup": []}
        for number in numbers:
            dish = ("pie", "soup")[number % 2]
            lists[dish].append(f"{dish}/{number}")
            save(folder / "images" / dish / f"{number}.jpg", number)
        write(folder / "meta" / f"{part}.json", json.dumps(lists))
    return _by_class(split(["pie", "soup"], has_validation=False))


def _by_class(found: Layout) -> Layout:
    """The same pictures, of each part those of the first class first."""
    train, validation = (
        sorted(part, key=lambda item: item[1] or "") for part in (found.train, found.validation)
    )
    return Layout(train, validation, found.apart, found.suffix)


def dtd(root: Path) -> Layout:
    folder = root / "dtd" / "dtd"
    for part, numbers in (("train1", TRAIN), ("val1", VALIDATION), ("test1", TEST)):
        rows = [f"{('banded', 'woven')[n % 2]}/{n:04}.jpg" for n in numbers]
        for number, row in zip(numbers, rows, strict=True):
            save(folder / "images" / row, number)
        write(folder / "labels" / f"{part}.txt", "\n".join(rows) + "\n")
    return split(["banded", "woven"])


def stanford_cars(root: Path) -> Layout:
    folder = root / "stanford_cars"
    kind = [("bbox_x1", "O"), ("class", "O"), ("fname", "O")]
    for file, part, numbers in (
        ("devkit/cars_train_annos.mat", "cars_train", TRAIN),
        ("cars_test_annos_withlabels.mat", "cars_test", TEST),
    ):
        rows = [(1, n % 2 + 1, f"{n + 1:05}.jpg") for n in numbers]
        mat(folder / file, annotations=np.array([rows], dtype=kind))
        for number in numbers:
            save(folder / part / f"{number + 1:05}.jpg", number)
    names = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012"]
    mat(folder / "devkit" / "cars_meta.mat", class_names=np.array([names], dtype=object))
    return split(names, has_validation=False)


def clevr(root: Path) -> Layout:
    folder = root / "clevr" / "CLEVR_v1.0"
    for part, numbers in (("train", TRAIN), ("val", VALIDATION), ("test", TEST)):
        scenes = []
        for number in numbers:
            name = f"CLEVR_{part}_{number:06}.png"
            save(folder / "images" / part / name, number)
            scenes.append({"image_filename": name, "objects": [{}] * (number % 2 + 3)})
        write(folder / "scenes" / f"CLEVR_{part}_scenes.json", json.dumps({"scenes": scenes}))
    return split(["3", "4"])


def sun397(root: Path) -> Layout:
    names = ["abbey", "bistro/indoor"]
    write(root / "SUN397" / "ClassName.txt", "/a/abbey\n/b/bistro/indoor\n")
    for number in TRAIN:
        name = names[number % 2]
        save(root / "SUN397" / name[0] / name / f"sun_{number}.jpg", number)
    return Layout([(n, names[n % 2]) for n in TRAIN])  # in the order of the disk


def voc(root: Path) -> Layout:
    folder = root / "VOCdevkit" / "VOC2012"
    for part, numbers in (("train", TRAIN), ("val", VALIDATION)):
        for kind in ("Segmentation", "Main"):
            rows = "".join(f"2012_{n:06}\n" for n in numbers)
            write(folder / "ImageSets" / kind / f"{part}.txt", rows)
        for number in numbers:
            save(folder / "JPEGImages" / f"2012_{number:06}.jpg", number)
            save(folder / "SegmentationClass" / f"2012_{number:06}.png", 0)
            write(folder / "Annotations" / f"2012_{number:06}.xml", "<annotation></annotation>")
    return Layout([(n, None) for n in TRAIN], [(n, None) for n in VALIDATION])


def sbd(root: Path) -> Layout:
    root = root / "SBDataset"
    for part, numbers in (("train", TRAIN), ("val", VALIDATION)):
        write(root / f"{part}.txt", "".join(f"2008_{n:06}\n" for n in numbers))
        for number in numbers:
            save(root / "img" / f"2008_{number:06}.jpg", number)
            boundaries = np.empty((20, 1), dtype=object)
            for label in range(20):
                boundaries[label, 0] = scipy.sparse.csc_matrix((32, 32), dtype=np.uint8)
            mat(root / "cls" / f"2008_{number:06}.mat", GTcls={"Boundaries": boundaries})
    return Layout([(n, None) for n in TRAIN], [(n, None) for n in VALIDATION])


def sbu(root: Path) -> Layout:
    write(root / "SBUCaptionedPhotoDataset.tar.gz", "")
    urls = "".join(f"http://example.com/{n}_a.jpg\n" for n in TRAIN)
    write(root / "dataset" / "SBU_captioned_photo_dataset_urls.txt", urls)
    write(root / "dataset" / "SBU_captioned_photo_dataset_captions.txt", "A colour.\n" * 4)
    for number in TRAIN:
        save(root / "dataset" / f"{number}_a.jpg", number)
    return Layout([(n, None) for n in TRAIN])


def widerface(root: Path) -> Layout:
    folder = root / "widerface"
    for part, numbers in (("train", TRAIN), ("val", VALIDATION), ("test", TEST)):
        rows = [f"0--Parade/{number}.jpg" for number in numbers]
        for number, row in zip(numbers, rows, strict=True):
            save(folder / f"WIDER_{part}" / "images" / row, number)
        boxes = "".join(f"{row}\n1\n1 2 3 4 0 0 0 0 0 0\n" for row in rows)
        write(folder / "wider_face_split" / f"wider_face_{part}_bbx_gt.txt", boxes)
    files = "".join(f"0--Parade/{number}.jpg\n" for number in TEST)
    write(folder / "wider_face_split" / "wider_face_test_filelist.txt", files)
    return split([None])


def kitti(root: Path) -> Layout:
    for part, numbers in (("training", (0,)), ("testing", (6,))):
        folder = root / "Kitti" / "raw" / part
        for number in numbers:
            save(folder / "image_2" / f"{number:06}.png", number)
            write(folder / "label_2" / f"{number:06}.txt", f"Car {'0 ' * 13}0\n")
    return Layout([(0, None)], [(6, None)])  # more would come in the order of the disk


# ---------------------------------------------------------------------------- class folders


def _classes(root: Path, names: Sequence[str], numbers: Sequence[int], suffix: str) -> None:
    for number in numbers:
        save(root / names[number % len(names)] / f"{number}.{suffix}", number)


def eurosat(root: Path) -> Layout:
    _classes(root / "eurosat" / "2750", ["Forest", "River"], TRAIN, "png")
    return _by_class(Layout(split(["Forest", "River"]).train))


def country211(root: Path) -> Layout:
    for part, numbers in (("train", TRAIN), ("valid", VALIDATION), ("test", TEST)):
        _classes(root / "country211" / part, ["AD", "ZW"], numbers, "jpg")
    return _by_class(split(["AD", "ZW"]))


def rendered_sst2(root: Path) -> Layout:
    for part, numbers in (("train", TRAIN), ("valid", VALIDATION), ("test", TEST)):
        _classes(root / "rendered-sst2" / part, ["negative", "positive"], numbers, "png")
    return _by_class(split(["negative", "positive"]))


def imagenette(root: Path) -> Layout:
    for part, numbers in (("train", TRAIN), ("val", VALIDATION)):
        wnids = ["n01440764", "n03888257"]
        _classes(root / "imagenette2-160" / part, wnids, numbers, "jpeg")
    found = _by_class(split(["tench", "parachute"][::-1]))
    names = {"tench": "parachute", "parachute": "tench"}
    parts = [[(n, names[label or ""]) for n, label in p] for p in (found.train, found.validation)]
    return Layout(*parts, 0, "160px")


def imagenet(root: Path) -> Layout:
    folder = root / "ImageNet"
    for part, numbers in (("train", TRAIN), ("val", VALIDATION)):
        _classes(folder / part, ["n01440764", "n01443537"], numbers, "JPEG")
    names = {"n01440764": ("tench", "Tinca tinca"), "n01443537": ("x-fish", "goldfish")}
    torch.save((names, []), folder / "meta.bin")
    found = _by_class(split(["tench", "x-fish"]))
    return Layout(found.train, found.validation)


def inaturalist(root: Path) -> Layout:
    names = [f"{n:05}_Animalia_P_C_O_F_G_species{n}" for n in range(2)]
    parts: list[list[Item]] = []
    for part, numbers in (("2021_train", (0, 1)), ("2021_valid", (4, 5))):
        _classes(root / part, names, numbers, "jpg")
        parts.append([(number, names[number % 2]) for number in numbers])
    return Layout(*parts)


def omniglot(root: Path) -> Layout:
    folder = root / "omniglot-py"
    for part, alphabets, numbers in (
        ("images_background", ["Greek", "Latin"], TRAIN),
        ("images_evaluation", ["Tengwar", "Latin"], TEST),
    ):
        write(folder / f"{part}.zip", "")
        for number in numbers:
            name = alphabets[number % 2]
            path = folder / part / name / "character01" / f"{number:04}_01.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(grey(number, 32)).save(path)
    train = [(0, "Greek"), (2, "Greek"), (1, "Latin"), (3, "Latin")]
    return Layout(train, [(7, "Latin"), (6, "Tengwar"), (8, "Tengwar")])


def caltech101(root: Path) -> Layout:
    folder = root / "caltech101" / "101_ObjectCategories"
    (folder / "BACKGROUND_Google").mkdir(parents=True)
    for number in TRAIN:
        save(folder / ("accordion", "ant")[number // 2] / f"image_{number % 2 + 1:04}.jpg", number)
    return Layout([(n, ("accordion", "ant")[n // 2]) for n in TRAIN])


def caltech256(root: Path) -> Layout:
    folder = root / "caltech256" / "256_ObjectCategories"
    names = ["001.ak47", "002.american-flag"]
    for number in TRAIN:
        kind = number // 2
        save(folder / names[kind] / f"{kind + 1:03}_{number % 2 + 1:04}.jpg", number)
    return Layout([(n, names[n // 2]) for n in TRAIN])


def cityscapes(root: Path) -> Layout:
    folder = root / "Cityscapes"
    for part, number in (("train", 0), ("val", 4), ("test", 6)):
        stem = f"bern_{number:06}_000019"
        save(folder / "leftImg8bit" / part / "bern" / f"{stem}_leftImg8bit.png", number)
        save(folder / "gtFine" / part / "bern" / f"{stem}_gtFine_instanceIds.png", 0)
    return Layout([(0, None)], [(4, None)], 1)  # more would come in the order of the disk


LAYOUTS: dict[str, Callable[[Path], Layout]] = {
    "CIFAR10": cifar10,
    "CIFAR100": cifar100,
    "CLEVRClassification": clevr,
    "Caltech101": caltech101,
    "Caltech256": caltech256,
    "CelebA": celeba,
    "Cityscapes": cityscapes,
    "Country211": country211,
    "DTD": dtd,
    "EMNIST": emnist,
    "EuroSAT": eurosat,
    "FER2013": fer2013,
    "FGVCAircraft": fgvc_aircraft,
    "FashionMNIST": fashion_mnist,
    "Flowers102": flowers102,
    "Food101": food101,
    "GTSRB": gtsrb,
    "INaturalist": inaturalist,
    "ImageNet": imagenet,
    "Imagenette": imagenette,
    "KMNIST": kmnist,
    "Kitti": kitti,
    "LFWPeople": lfw_people,
    "MNIST": mnist,
    "Omniglot": omniglot,
    "OxfordIIITPet": oxford_pet,
    "PCAM": pcam,
    "Places365": places365,
    "QMNIST": qmnist,
    "RenderedSST2": rendered_sst2,
    "SBDataset": sbd,
    "SBU": sbu,
    "SEMEION": semeion,
    "STL10": stl10,
    "SUN397": sun397,
    "SVHN": svhn,
    "StanfordCars": stanford_cars,
    "USPS": usps,
    "VOCDetection": voc,
    "VOCSegmentation": voc,
    "WIDERFace": widerface,
}
