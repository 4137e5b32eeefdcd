"""Cards of samples: a picture to click, two smaller ones beside it, and a gauge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

CSS = """
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(225px, 1fr));
  gap: 10px; font: 0.78rem/1.35 var(--st-font); color: var(--st-text-color); }
.card { display: grid; grid-template-columns: 104px 1fr; gap: 4px 10px; padding: 8px;
  border: 1px solid var(--st-border-color); border-radius: 10px; align-items: center; }
.card button { grid-row: 1 / 3; width: 104px; height: 104px; padding: 0; border: 0;
  border-radius: 8px; cursor: pointer; background-repeat: no-repeat;
  transition: box-shadow 0.12s; }
.card button:hover { box-shadow: 0 0 0 3px var(--st-primary-color); }
.card button:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; }
.near { display: flex; gap: 7px; align-items: center; font-variant-numeric: tabular-nums; }
.near i { flex: none; width: 48px; height: 48px; border-radius: 6px; background-repeat: no-repeat; }
.near small { display: block; opacity: 0.7; font-size: 0.72rem; }
.gauge { grid-column: 1 / 3; }
.gauge u { display: block; height: 5px; border-radius: 3px; text-decoration: none;
  background: color-mix(in srgb, currentColor 12%, transparent); margin-bottom: 2px; }
.gauge u b { display: block; height: 100%; border-radius: 3px;
  background: var(--st-primary-color); }
.alone { grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
.alone .card { grid-template-columns: 1fr; }
.alone .card button { grid-row: auto; width: 100%; height: auto; aspect-ratio: 1; }
.alone .gauge { grid-column: auto; }
@media (prefers-reduced-motion: reduce) { .card button { transition: none; } }
"""

JS = """
const mounts = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  let mount = mounts.get(parentElement);
  if (!mount) {
    mount = { grid: document.createElement("div"), sheet: "" };
    mount.grid.className = "samples";
    mount.grid.setAttribute("role", "group");
    mount.grid.setAttribute("aria-label", "Samples of the latent space");
    parentElement.appendChild(mount.grid);
    mount.grid.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) mount.send(Number(button.dataset.sample));
    });
    mounts.set(parentElement, mount);
  }
  mount.send = (sample) =>
    setStateValue("picked", { sample, turn: data.turn, number: Date.now() });
  if (mount.turn === data.turn) return;
  mount.turn = data.turn;
  mount.grid.classList.toggle("alone", data.columns === 1);
  const rows = data.cards.length;
  const show = (node, row, column) => {
    const at = (place, count) => (count > 1 ? (100 * place) / (count - 1) : 0) + "%";
    node.style.backgroundImage = `url(${data.sheet})`;
    node.style.backgroundSize = `${100 * data.columns}% ${100 * rows}%`;
    node.style.backgroundPosition = `${at(column, data.columns)} ${at(row, rows)}`;
  };
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  mount.grid.replaceChildren(...data.cards.map((card, row) => {
    const box = make("div", "card");
    const button = make("button");
    button.type = "button";
    button.dataset.sample = row;
    button.title = "Open in Sliders";
    button.setAttribute("aria-label", `Sample ${row + 1}`);
    show(button, row, 0);
    box.append(button);
    card.near.forEach((near, j) => {
      const line = make("div", "near");
      const picture = make("i");
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", `Image ${near.image}`);
      show(picture, row, j + 1);
      const text = make("span", "", near.far);
      text.append(make("small", "", near.how));
      line.append(picture, text);
      line.title = `Image ${near.image}`;
      box.append(line);
    });
    if (card.share !== null) {
      const gauge = make("div", "gauge");
      const bar = make("u");
      const part = make("b");
      part.style.width = `${100 * card.share}%`;
      bar.append(part);
      gauge.append(bar, card.typical);
      box.append(gauge);
    }
    return box;
  }));
}
"""


def show(
    key: str,
    sheet: str,
    columns: int,
    cards: Sequence[Mapping[str, object]],
    turn: str,
    on_pick: Callable[[], None],
) -> None:
    """Draw the cards. Row i of `sheet`, an address, has the pictures of card i in `columns`.

    A card has `near` (image, far, how), `share` in [0, 1] or None, and `typical` in words. The
    cards are another deck when `turn` is another; `picked` reads ``st.session_state[key]``.
    """
    component = st.components.v2.component("latent_samples", css=CSS, js=JS)
    component(
        key=key,
        data={"sheet": sheet, "columns": columns, "cards": list(cards), "turn": turn},
        on_picked_change=on_pick,
    )


def picked(state: Any, turn: str, num: int) -> int | None:
    """Which of `num` cards of this turn was clicked; None where none was."""
    pick = (state or {}).get("picked")
    if not isinstance(pick, dict) or pick.get("turn") != turn:
        return None
    sample = pick.get("sample")
    return sample if isinstance(sample, int) and 0 <= sample < num else None
