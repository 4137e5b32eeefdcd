"""The page docs/data.md: each layout, what `check` says of it, and the first batch of a training.

N images, C channels, H height, W width.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from tests.vae.data.layouts.every import THEMES
from tests.vae.data.layouts.layout import BATCH, EVERY_SMALL_SET, SIDE, Layout, Look, Theme, look
from tests.vae.data.torchvision_layouts import LAYOUTS as TORCHVISION

START = f"""# What you can give as Data

Written by `python -m tests.vae.data.layouts`, which makes each of these sources, runs
`python -m vae check SOURCE --json` on it and takes the first batch that a training would see. A
test holds this page to what comes out, and each image and each cell of a table to what was put in.

Give the path of a folder or a file to `--data`, or drop it on the page. What is used, and what is
not and why, is said before anything is trained. In the tables below, each image carries a number in
its lower half, and most have {SIDE} x {SIDE} pixels, as `--data.image_size {SIDE}` asks for. Of
all these small sets `check` also says that they are few; this is left out here.
"""
PICTURES = f"""The first batch of each, at most {BATCH} images, in the lines of the table (a single
training image is drawn twice, as a batch needs two):
"""
ZOOM, GAP, TITLE = 2, 2, 20


@dataclass(frozen=True)
class Section:
    """A theme with what came of its layouts."""

    theme: Theme
    looks: Sequence[tuple[Layout, Look]]

    @property
    def name(self) -> str:
        """Of its sheet."""
        return self.theme.title.split()[0].lower().strip(",") + ".png"


def document() -> tuple[str, dict[str, Image.Image]]:
    """The text of the page and the sheets in it by their names."""
    sections = [
        Section(theme, [(lay, look(lay.make, tuple(lay.options))) for lay in theme.layouts])
        for theme in THEMES
    ]
    text = START + "".join(map(_section, sections)) + _torchvision()
    return text, {section.name: _sheet(section) for section in sections}


def _section(section: Section) -> str:
    rows = [
        f"| {number} | {_cell([layout.title])} | {_code(found.given)} | {_cell(_said(found))} | "
        f"{_cell([_batch(found)])} |"
        for number, (layout, found) in enumerate(section.looks, start=1)
    ]
    return "\n".join(
        [
            f"\n## {section.theme.title}\n\n{section.theme.words}\n",
            "| | what | what lies there | what `check` says | first batch |",
            "|---|---|---|---|---|",
            *rows,
            f"\n{PICTURES}\n![First batches](images/data/{section.name})\n",
        ]
    )


def _said(found: Look) -> list[str]:
    """What `check --json` says, in lines."""
    report = found.report
    split = report["split"]
    shape = " x ".join(map(str, report["image_shape"]))
    lines = [
        f"`num_images` {report['num_images']:,} of {shape}",
        f"`split` {split['train']} + {split['validation']}, {split['from']}",
    ]
    others = [f"{reason} {count}" for reason, count in report["counts"].items() if reason != "used"]
    lines += [f"`counts` {', '.join(others)}"] * bool(others)
    columns = [
        f"{column['name']} ({column['kind']}, {column['num_known']} known)"
        for column in report["columns"]
    ]
    lines += [f"`columns` {', '.join(columns)}"] * bool(columns)
    value_range = report["value_range"]
    ends = [f"{value_range[name]:g}" for name in ("low", "high", "black", "white")]
    if ends != ["0", "255", "0", "255"]:
        lines.append("`value_range` {} to {}: black {}, white {}".format(*ends))
    warnings = [w for w in report["warnings"] if not any(part in w for part in EVERY_SMALL_SET)]
    return [*lines, *(f"*{warning}*" for warning in warnings)]


def _batch(found: Look) -> str:
    batch = found.batch
    shape = " x ".join(map(str, batch.shape))
    return f"{shape}, {batch.min():.2g} to {batch.max():.2g}, mean {batch.mean():.2f}"


def _cell(lines: Sequence[str]) -> str:
    return "<br>".join(line.replace("|", "\\|") for line in lines)


def _code(lines: Sequence[str]) -> str:
    texts = [html.escape(line).replace("|", "&#124;").replace("*", "&#42;") for line in lines]
    return "<br>".join(
        f"<code>{text.replace('  ', '&nbsp;&nbsp;').replace('_', '&#95;')}</code>" for text in texts
    )


def _sheet(section: Section) -> Image.Image:
    """The first batch of each layout in a line, after its number."""
    step = SIDE * ZOOM + GAP
    sheet = Image.new("RGB", (TITLE + BATCH * step, len(section.looks) * step + GAP), "silver")
    draw = ImageDraw.Draw(sheet)
    for line, (_, found) in enumerate(section.looks):
        draw.text((GAP, line * step + step // 3), str(line + 1), "black")
        for place, x in enumerate(found.batch):
            levels = np.rint(x.transpose(1, 2, 0) * 255).astype(np.uint8)
            picture = Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)
            picture = picture.convert("RGB").resize((SIDE * ZOOM,) * 2, Image.Resampling.NEAREST)
            sheet.paste(picture, (TITLE + place * step, line * step + GAP))
    return sheet


def _torchvision() -> str:
    names = ", ".join(f"`{name}`" for name in TORCHVISION)
    return f"""
## Sets of torchvision

`torchvision:NAME` uses what lies in `data/` beside the runs, and downloads what is missing where
there is a network. A part or a kind is asked for by its word, as in `torchvision:EMNIST/letters`.
The split is the set's own. Each of these is tried against small files in its real layout:
{names}.

`torchvision:FakeData` draws noise. Sets of videos, of pairs and of whole scenes are refused with
the reason.
"""
