"""Image files of every kind, whole and broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.vae.data.layouts.layout import Theme, encoded, levels, save, write

IMAGE_FILES = Theme(
    "Image files",
    "Files are known by their content, turned as their EXIF says, and counted with the reason "
    "where they cannot be read.",
)
layout = IMAGE_FILES.layout


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@layout("Files without a suffix, and with a wrong one", "0 1 2 3")
def _suffixless(at: Path) -> Path:
    for number, (name, kind) in enumerate(
        [("photo", "JPEG"), ("photo.dat", "PNG"), ("photo.gif", "WEBP"), ("photo.png", "JPEG")]
    ):
        write(at / "pets" / name, encoded(number, kind, quality=95))
    return at / "pets"


@layout(
    "Files that are none: broken, empty, a web page, of the system, a text",
    "0 1",
    counts={"broken": 3, "system": 2, "other": 1},
    says=["Most files cannot be used: 3 are broken"],
)
def _odd_files(at: Path) -> Path:
    save(at / "pets", ["0.png", "1.png"])
    write(at / "pets/half.jpg", encoded(2, "JPEG")[:200])
    write(at / "pets/empty.png", b"")
    write(at / "pets/page.png", "<!DOCTYPE html><title>404</title>")
    write(at / "pets/.DS_Store", b"\0")
    write(at / "pets/Thumbs.db", b"\0")
    write(at / "pets/about.txt", "My pets.")
    return at / "pets"


@layout("A photograph over 40 megapixels", "4", "4", says=["loses more than a third"])
def _huge(at: Path) -> Path:
    side = 6400
    big = Image.fromarray(levels(4)).resize((side, side), Image.Resampling.NEAREST)
    wide = Image.new("L", (side * 2, side))
    wide.paste(big, (side // 2, 0))
    wide.save(_parent(at / "pets/panorama.jpg"), quality=90)
    return at / "pets"


@layout(
    "A drawing over 40 megapixels in a format that cannot be reduced",
    "0 1",
    counts={"too_large": 1},
)
def _too_large(at: Path) -> Path:
    save(at / "pets", ["0.png", "1.png"])
    Image.new("1", (7000, 6000)).save(at / "pets/huge.png")
    return at / "pets"


@layout(
    "Photographs that are still in the cloud",
    "0 1",
    counts={"other": 2},
    says=["2 images are kept in iCloud only (such as .IMG_0003.HEIC.icloud): download them"],
)
def _icloud(at: Path) -> Path:
    for number in (3, 4):
        write(at / f"photos/.IMG_000{number}.HEIC.icloud", b"bplist00")
    return save(at / "photos", ["IMG_0001.jpg", "IMG_0002.jpg"])


@layout("HEIC photographs", "0 1", needs=["pillow_heif"])
def _heic(at: Path) -> Path:
    import pillow_heif

    pillow_heif.register_heif_opener()
    for number in (0, 1):
        big = Image.fromarray(np.kron(levels(number), np.ones((4, 4), np.uint8))).convert("RGB")
        big.save(_parent(at / f"pets/IMG_{number}.HEIC"), "HEIF", quality=95)
    return at / "pets"


@layout("AVIF images", "0 1", needs=["avif"])
def _avif(at: Path) -> Path:
    for number in (0, 1):
        big = Image.fromarray(np.kron(levels(number), np.ones((4, 4), np.uint8)))
        big.convert("RGB").save(_parent(at / f"pets/{number}.avif"), quality=95)
    return at / "pets"


@layout("Photographs that lie on their side, as their EXIF says", "0 1")
def _turned(at: Path) -> Path:
    for number, (orientation, turn) in enumerate(
        [(6, Image.Transpose.ROTATE_90), (3, Image.Transpose.ROTATE_180)]
    ):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture = Image.fromarray(levels(number)).transpose(turn)
        picture.save(_parent(at / f"phone/{number}.jpg"), quality=95, exif=exif)
    return at / "phone"


@layout("CMYK, palette, one bit, grey with alpha", "0 1 2")
def _modes(at: Path) -> Path:
    folder = _parent(at / "modes/x").parent
    Image.fromarray(levels(0)).convert("RGB").convert("CMYK").save(folder / "0.jpg", quality=95)
    Image.fromarray(levels(1)).convert("P").save(folder / "1.png")
    Image.fromarray(levels(2)).convert("LA").save(folder / "2.png")
    return folder


@layout(
    "Pages and animations: the first of each, and that is said",
    "0 2 4",
    says=["2 of 3 images are made of more than one page or frame"],
)
def _pages(at: Path) -> Path:
    save(at / "scans", ["4.png"], start=4)
    for number, name in ((0, "book.tiff"), (2, "wave.gif")):
        pages = [Image.fromarray(levels(number + page)) for page in (0, 1)]
        pages[0].save(at / "scans" / name, save_all=True, append_images=pages[1:])
    return at / "scans"
