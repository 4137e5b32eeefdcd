"""A grid of images to click: buttons on one sheet of thumbnails, badges A, B, C in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.drawing import images
from explorer.state.keys import Key

if TYPE_CHECKING:
    from vae.data.dataset import Dataset

COLUMNS = 8  # of the sheet, not of the grid on the screen
THUMBNAIL = 96  # pixels a side, at most

CSS = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(var(--tile), 1fr));
  gap: 6px; padding: 3px; }
button { position: relative; aspect-ratio: 1; padding: 0; border: 0; cursor: pointer;
  border-radius: 8px; background-color: var(--st-secondary-background-color);
  box-shadow: 0 0 0 1px var(--st-border-color); transition: box-shadow 0.12s, transform 0.12s; }
button:hover { transform: scale(1.06); z-index: 1; }
button:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; z-index: 2; }
button[aria-pressed="true"] { box-shadow: 0 0 0 3px var(--st-primary-color); }
button span { position: absolute; left: 0; top: 0; min-width: 20px; height: 20px;
  border-radius: 8px 0 8px 0; background: var(--st-primary-color);
  color: var(--st-background-color); font: 700 12px/20px var(--st-font); text-align: center; }
@media (prefers-reduced-motion: reduce) { button { transition: none; } }
"""

# `turn` changes where the page sets what is picked; otherwise the clicks here are the truth, and
# they outlive a new mount of the same turn.
JS = """
const mounts = new WeakMap();
const memory = new Map();

export default function ({ data, parentElement, setStateValue, key }) {
  let mount = mounts.get(parentElement);
  if (!mount) {
    mount = { grid: document.createElement("div"), sheet: "", turn: null, picked: [] };
    mount.grid.className = "grid";
    mount.grid.setAttribute("role", "group");
    parentElement.appendChild(mount.grid);
    mount.grid.addEventListener("click", (event) => pick(event.target.closest("button")));
    mount.grid.addEventListener("keydown", walk);
    mounts.set(parentElement, mount);
  }
  const { grid } = mount;
  if (mount.turn !== data.turn) {
    const before = memory.get(key);
    mount.picked = before && before.turn === data.turn ? before.picked : [...data.picked];
    mount.turn = data.turn;
  }
  mount.picked = mount.picked.slice(-data.max);
  mount.max = data.max;
  mount.badges = data.badges;
  mount.send = setStateValue;
  grid.setAttribute("aria-label", data.label);
  grid.style.setProperty("--tile", data.tile + "px");
  if (mount.sheet !== data.sheet) {
    mount.sheet = data.sheet;
    const rows = Math.ceil(data.images.length / data.columns);
    const at = (place, count) => (count > 1 ? (100 * place) / (count - 1) : 0) + "%";
    grid.replaceChildren(...data.images.map((image, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.image = image;
      button.setAttribute("aria-label", "Image " + image);
      button.title = data.titles[i];
      button.style.backgroundImage = `url(${data.sheet})`;
      button.style.backgroundSize = `${100 * data.columns}% ${100 * rows}%`;
      const [column, row] = [i % data.columns, Math.floor(i / data.columns)];
      button.style.backgroundPosition = `${at(column, data.columns)} ${at(row, rows)}`;
      return button;
    }));
  }
  paint();

  function pick(button) {
    if (!button) return;
    const image = Number(button.dataset.image);
    mount.picked = mount.picked.includes(image)
      ? mount.picked.filter((other) => other !== image)
      : [...mount.picked, image].slice(-mount.max);
    paint();
    mount.send("picked", mount.picked);
  }

  function walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const to = step && [...grid.children][[...grid.children].indexOf(event.target) + step];
    if (to) to.focus();
  }

  function paint() {
    memory.set(key, { turn: mount.turn, picked: mount.picked });
    for (const button of grid.children) {
      const place = mount.picked.indexOf(Number(button.dataset.image));
      button.setAttribute("aria-pressed", String(place >= 0));
      const badge = document.createElement("span");
      badge.textContent = "ABCDEFGHIJ"[place];
      button.replaceChildren(...(place >= 0 && mount.badges ? [badge] : []));
    }
  }
}
"""


@st.cache_data(max_entries=64, show_spinner=False)
def _sheet(_dataset: Dataset, fingerprint: str, shown: tuple[int, ...]) -> str:
    """The thumbnails of these images as an address."""
    tiles = _dataset.take(np.array(shown, np.int64))
    return images.data_url(images.sheet(tiles, COLUMNS, THUMBNAIL), "image/webp")


def show(
    dataset: Dataset,
    shown: Sequence[int],
    picked: Sequence[int],
    *,
    key: str,
    label: str,
    max_picked: int,
    badges: bool = True,
    tile: int = 56,
) -> list[int]:
    """Draw the images `shown` of the data set. Returns the picked ones, in the order of the clicks.

    `picked`: what is picked at first, and whenever the grid appears anew. One more than
    `max_picked` pushes out the first. `tile`: pixels a side, at least. The state of the grid is
    ``st.session_state[key]``, as ``{"picked": [3, 17]}``.
    """
    clicked = (Key[Any](key, None).get() or {}).get("picked")
    current = list(picked) if clicked is None else _valid(clicked, len(dataset))
    told, turn = Key[list[int] | None](f"{key}.told", None), Key(f"{key}.turn", 0)
    if clicked is None and told.get() != current:
        turn.set(turn.get() + 1)
        told.set(current)
    component = st.components.v2.component("image_gallery", css=CSS, js=JS)
    component(
        key=key,
        data={
            "sheet": _sheet(dataset, dataset.fingerprint, tuple(shown)),
            "columns": COLUMNS,
            "images": list(map(int, shown)),
            "titles": [_title(dataset, image) for image in shown],
            "picked": told.get() or [],
            "turn": turn.get(),
            "max": max_picked,
            "badges": badges,
            "tile": tile,
            "label": label,
        },
        on_picked_change=lambda: None,
    )
    return current[-max_picked:]


def _valid(clicked: object, num: int) -> list[int]:
    """The images among what the browser says was picked."""
    if not isinstance(clicked, list):
        return []
    return [image for image in clicked if isinstance(image, int) and 0 <= image < num]


def _title(dataset: Dataset, image: int) -> str:
    name = str(dataset.names[image])
    return f"Image {image}" if name == str(image) else f"Image {image}: {name}"
