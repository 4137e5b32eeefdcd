"""Make of a trained run the small one that ships with the product.

    python -m scripts.ship_run checkpoints/RUN checkpoints/anime-faces "COMMAND" ["COMMAND" ...]

Weights in half precision, at most 40 previews as WebP, the map by UMAP, the flow, the mixture, the
evaluation; no training states, so that it can be looked at but not resumed. The commands that
trained it go into its NOTES.md.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from vae.commands.parser import main as vae
from vae.data.dataset import open_dataset
from vae.latent import neighbours
from vae.latent.encoding import load_latents
from vae.latent.fitted_flow import flow_made
from vae.model.checkpoints import load_model
from vae.runs.events import Event
from vae.runs.folder import Run, data_cache

MAX_PREVIEWS = 40
MAP_POINTS = 2000
KNOWN_IMAGES = 1500  # training images that samples are compared with
FLOW_STEPS = 9000  # three times the usual


def thin_previews(events: list[Event]) -> list[Event]:
    """The events with the previews thinned evenly; the first and the last stay."""
    previews = [i for i, event in enumerate(events) if event["kind"] == "preview"]
    places = np.linspace(0, len(previews) - 1, min(MAX_PREVIEWS, len(previews))).round()
    kept = {previews[int(place)] for place in places}
    return [event for i, event in enumerate(events) if event["kind"] != "preview" or i in kept]


def copy_as_webp(source: Path, target: Path, name: str) -> str:
    """Copy a preview in a tenth of its size. Returns its new name."""
    smaller = str(Path(name).with_suffix(".webp"))
    with Image.open(source / name) as image:
        image.convert("RGB").save(target / smaller, quality=86, method=6)
    return smaller


def command(name: str, run: Run, *options: str) -> None:
    """Run a command of `python -m vae` on the run; where it fails, so does all of this."""
    if vae([name, run.name, "--root", str(run.folder.parent), *options]) != 0:
        raise SystemExit(f"The command {name} failed.")


def ship(source: Run, target: Run, commands: list[str]) -> None:
    """Write `target` anew; the folder that was there goes to the side, and stays."""
    if source.folder.resolve() == target.folder.resolve() or not source.weights_file.is_file():
        raise SystemExit(f"{source.folder} must be a trained run, and another one than the target.")
    if target.folder.exists():
        before = target.folder.with_name(f".{target.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        target.folder.rename(before)
    target.previews.mkdir(parents=True)
    shutil.copy(source.config_file, target.config_file)
    shutil.copy(source.latents_file, target.latents_file)
    events = thin_previews(source.events())
    for event in events:
        if event["kind"] == "preview":
            for kind in ("reconstructions", "samples"):
                event[kind] = copy_as_webp(source.folder, target.folder, event[kind])
    text = "".join(json.dumps(event) + "\n" for event in events)
    target.events_file.write_text(text, encoding="utf-8")
    with safe_open(source.weights_file, "pt") as file:
        metadata = file.metadata()
    tensors = {
        name: tensor.half() if tensor.dtype == torch.float32 and tensor.ndim > 0 else tensor
        for name, tensor in load_file(source.weights_file).items()
    }
    save_file(tensors, target.weights_file, metadata)
    umap = ["--method", "umap", "--num", str(MAP_POINTS), "--out", str(target.maps / "umap.npz")]
    command("project", target, *umap)
    model, weights = load_model(target)
    dataset = open_dataset(target.config().data, data_cache(target.folder.parent))
    known = neighbours.know(model, dataset, weights.digest, max_images=KNOWN_IMAGES)
    neighbours.save_known(target.samplers_file, known)
    flow_made(target, model, weights.digest, dataset, steps=FLOW_STEPS)
    command("evaluate", target)
    num_mapped = min(MAP_POINTS, len(load_latents(target.latents_file).mu))
    lines = "\n".join(f"    {command}" for command in commands)
    (target.folder / "NOTES.md").write_text(
        "# How this run was made\n\n"
        f"{lines}\n\n"
        "Then `python -m scripts.ship_run` made it small: weights in half precision, "
        f"{MAX_PREVIEWS} previews as WebP, a map of {num_mapped:,} images, a flow, a mixture "
        f"fitted to {KNOWN_IMAGES:,} posterior means, its evaluation, no training states. "
        "It can be looked at, evaluated and sampled, but not resumed.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    ship(Run(Path(sys.argv[1])), Run(Path(sys.argv[2])), sys.argv[3:])
