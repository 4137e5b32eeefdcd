"""Animation: the same noise decoded over the whole training, to play and to take away."""

from __future__ import annotations

import streamlit as st

from explorer.panels.animation.downloads import downloads
from explorer.panels.animation.frames import frame_events, payload
from explorer.state.session import Session

TICK_SECONDS = 2.0


def show(session: Session | None) -> None:
    """Draw the panel; while the run trains, the animation grows by itself."""
    every = TICK_SECONDS if session is not None and session.is_alive() else None
    st.fragment(_draw, run_every=every)(session)


def _draw(session: Session | None) -> None:
    frames = [] if session is None else frame_events(session)
    if session is None or not frames:
        st.info(
            "**No pictures yet.** As soon as a run trains, the same random codes are decoded again "
            "and again, and play here as a film. Press **Start training** in the sidebar.",
            icon=":material/movie:",
        )
        return
    first, last = frames[0], frames[-1]
    st.markdown(
        "**Training animation** &nbsp; :small[:gray[the same random codes, decoded from step "
        f"{first['step']:,} to step {last['step']:,}]]",
        help="Each cell is one fixed point of latent space, drawn once from the prior. Only the "
        "decoder changes. Pictures are dense in the first steps, where most happens.",
    )
    player = st.components.v2.component("training_animation", css=CSS, js=JS)
    player(data=payload(session.run.folder, frames), key="training_animation", height="content")
    downloads(session, frames)


CSS = """
.player { font-family: var(--st-font); color: var(--st-text-color); }
canvas { display: block; width: 100%; }
.bar { display: flex; align-items: center; gap: 0.75rem; margin-top: 0.9rem; flex-wrap: wrap; }
button {
  width: 2.5rem; height: 2.5rem; flex: none; border: 0; border-radius: 50%; cursor: pointer;
  background: var(--st-primary-color); color: var(--st-background-color);
  display: grid; place-items: center; padding: 0;
}
button svg { width: 1.1rem; height: 1.1rem; fill: currentColor; }
button:focus-visible, select:focus-visible, input:focus-visible {
  outline: 2px solid var(--st-primary-color); outline-offset: 2px;
}
input { flex: 1 1 5rem; accent-color: var(--st-primary-color); margin: 0; min-width: 5rem; }
output { min-width: 8.5rem; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
select {
  font: inherit; font-size: 0.875rem; color: inherit; padding: 0.4rem 0.5rem;
  background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius);
}
"""

JS = """
const PER_SECOND = 8, HOLD = 1.4, GAP = 0.06, RADIUS = 0.09;
const ICONS = { play: 'M4 2v16l13-8z', pause: 'M4 2h4v16H4zM12 2h4v16h-4z' };
const players = new WeakMap();

function build(parent) {
  const root = document.createElement('div');
  root.className = 'player';
  root.innerHTML = `
    <canvas role="img" aria-label="Training animation"></canvas>
    <div class="bar">
      <button type="button"><svg viewBox="0 0 20 20"><path/></svg></button>
      <input type="range" min="0" step="1" aria-label="Frame">
      <output></output>
      <select aria-label="Speed">
        <option value="0.25">0.25x</option><option value="0.5">0.5x</option>
        <option value="1" selected>1x</option><option value="2">2x</option>
        <option value="4">4x</option>
      </select>
    </div>`;
  parent.appendChild(root);
  const find = (name) => root.querySelector(name);
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const p = { root, canvas: find('canvas'), button: find('button'), icon: find('path'),
    range: find('input'), output: find('output'), speed: find('select'), frames: [], at: 0,
    playing: !calm, hold: 0, last: 0, request: 0, painted: 0, shown: '', mix: null };
  p.button.onclick = () => {
    p.playing = !p.playing;
    if (p.playing && p.at >= p.frames.length - 1) p.at = 0;
    paintButton(p); wake(p);
  };
  p.range.oninput = () => {
    p.playing = false; p.at = Number(p.range.value); paintButton(p); wake(p);
  };
  p.watch = new ResizeObserver(() => { p.shown = ''; wake(p); });
  p.watch.observe(p.canvas);
  paintButton(p);
  return p;
}

function paintButton(p) {
  p.icon.setAttribute('d', p.playing ? ICONS.pause : ICONS.play);
  p.button.setAttribute('aria-label', p.playing ? 'Pause animation' : 'Play animation');
  p.button.title = p.playing ? 'Pause' : 'Play';
}

async function load(p, data) {
  const size = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + size)));
  const known = new Map(p.frames.map((frame) => [frame.id, frame]));
  let start = 4 + size;
  const frames = await Promise.all(header.map(async (item) => {
    const bytes = data.slice(start, start += item.num_bytes);
    const old = known.get(item.id);
    if (old) return old;
    return { ...item, image: await createImageBitmap(new Blob([bytes], { type: 'image/webp' })) };
  }));
  const same = p.frames.length && frames.length && p.frames[0].id === frames[0].id;
  const step = same ? p.frames[Math.floor(p.at)].step : null;
  const part = same ? p.at % 1 : 0;
  const index = frames.findLastIndex((frame) => step !== null && frame.step <= step);
  p.at = index < 0 ? 0 : Math.min(frames.length - 1, index + part);
  p.frames = frames;
  p.range.max = Math.max(0, frames.length - 1);
  p.shown = '';
  wake(p);
}

function wake(p) {
  if (!p.request) { p.last = 0; p.request = requestAnimationFrame((now) => tick(p, now)); }
}

function tick(p, now) {
  p.request = 0;
  const end = p.frames.length - 1;
  if (end < 0) return;
  const seconds = p.last ? Math.min(0.1, (now - p.last) / 1000) : 0;
  p.last = now;
  if (p.playing && end > 0) {
    if (p.at >= end) {
      p.hold += seconds;
      if (p.hold > HOLD) { p.at = 0; p.hold = 0; }
    } else {
      p.at = Math.min(end, p.at + seconds * PER_SECOND * Number(p.speed.value));
      p.hold = 0;
    }
  }
  paint(p);
  if (p.playing && end > 0) p.request = requestAnimationFrame((then) => tick(p, then));
}

function paint(p) {
  const width = Math.round(p.canvas.clientWidth * Math.min(2, devicePixelRatio || 1));
  const index = Math.floor(p.at), frame = p.frames[index];
  const next = p.frames[Math.min(index + 1, p.frames.length - 1)];
  const key = `${width} ${p.at.toFixed(3)}`;
  if (!width || key === p.shown) return;
  p.shown = key;
  const { columns, side, image } = frame, rows = image.height / side;
  const cell = width / (columns + (columns - 1) * GAP), pitch = cell * (1 + GAP);
  const height = Math.round(cell * (rows + (rows - 1) * GAP));
  if (p.canvas.width !== width || p.canvas.height !== height) {
    p.canvas.width = width; p.canvas.height = height;
  }
  p.mix = p.mix || document.createElement('canvas');
  if (p.mix.width !== image.width || p.mix.height !== image.height) {
    p.mix.width = image.width; p.mix.height = image.height;
  }
  const mix = p.mix.getContext('2d');
  mix.globalAlpha = 1; mix.drawImage(image, 0, 0);
  mix.globalAlpha = p.at - index;
  if (mix.globalAlpha > 0) mix.drawImage(next.image, 0, 0);
  const context = p.canvas.getContext('2d');
  context.clearRect(0, 0, width, height);
  context.save();
  context.beginPath();
  for (let i = 0; i < rows * columns; i++) {
    const x = (i % columns) * pitch, y = Math.floor(i / columns) * pitch;
    context.roundRect(x, y, cell, cell, cell * RADIUS);
  }
  context.clip();
  context.imageSmoothingQuality = 'high';
  for (let i = 0; i < rows * columns; i++) {
    const column = i % columns, row = Math.floor(i / columns);
    context.drawImage(p.mix, column * side, row * side, side, side,
      column * pitch, row * pitch, cell, cell);
  }
  context.restore();
  p.output.textContent = frame.label;
  p.range.value = index;
  p.range.setAttribute('aria-valuetext', frame.label);
  p.canvas.dataset.step = frame.step;
  p.canvas.dataset.frames = p.frames.length;
  p.canvas.dataset.frame = ++p.painted;
}

export default function ({ data, parentElement }) {
  let p = players.get(parentElement);
  if (!p || !p.root.isConnected) {
    p = build(parentElement);
    players.set(parentElement, p);
  }
  load(p, data);
  return () => { cancelAnimationFrame(p.request); p.request = 0; };
}
"""
