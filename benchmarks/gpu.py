"""Everything that needs a GPU, in one command of less than eight minutes.

    python -m benchmarks.gpu --out DIR [--quick]

Writes into DIR, part by part, so that what was done before an end is kept: the machine, the GPU
tests, the table of `benchmarks.train` for several networks and batches, the ways to take a step, a
profile of a step with the places that wait for the device, and a training of the showpiece, 100
epochs of 63,632 images, as a run folder. A part that fails says so and the next goes on.
`--quick`: all of it small, also without a GPU; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.model.device import choose_device
from vae.runs.folder import Run
from vae.training import step
from vae.training.state import prepare
from vae.training.trainer import Trainer

SHOWPIECE_IMAGES, SHOWPIECE_EPOCHS = 63_632, 100
SMALL = {"data.image_size": 16, "model.channels": (4, 8, 8, 8, 8)}  # of --quick
LIMIT = 480.0  # seconds for all of it


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if choose_device(None).type != "cuda" and not arguments.quick:
        raise SystemExit("There is no CUDA device: run it on a machine that has one, or --quick.")
    began = time.perf_counter()
    summary: dict[str, Any] = {}
    for name, part in PARTS.items():
        left = LIMIT - (time.perf_counter() - began)
        started = time.perf_counter()
        try:
            told = part(arguments.out, arguments.quick, left) if left > 20 else "no time was left"
        except Exception as error:  # the next part goes on
            told = f"failed: {type(error).__name__}: {error}"
        seconds = round(time.perf_counter() - started, 1)
        summary[name] = {"seconds": seconds, "result": told}
        (arguments.out / "summary.json").write_text(json.dumps(summary, indent=1))
        print(f"{name} ({seconds} s): {told}", flush=True)


def machine(out: Path, quick: bool, left: float) -> str:
    """What it ran on."""
    lines = [f"torch {torch.__version__}, cuda {torch.version.cuda}"]
    if torch.cuda.is_available():
        lines += [torch.cuda.get_device_name(), f"cudnn {torch.backends.cudnn.version()}"]
    (out / "machine.txt").write_text("\n".join(lines) + "\n")
    return "; ".join(lines)


def gpu_tests(out: Path, quick: bool, left: float) -> str:
    """pytest -m gpu. Its last line."""
    where = "tests/vae/training/test_gpu_training.py" if quick else "tests/vae"
    return _said(["pytest", "-q", "-m", "gpu", where], out / "tests.txt", min(left, 120))


def throughput(out: Path, quick: bool, left: float) -> list[str]:
    """The table of `benchmarks.train`, for each network and batch. One line each."""
    cases = [("residual", 64), ("residual", 512), ("conv", 512), ("residual", 2048)]
    lines, end = [], time.perf_counter() + min(left, 200)
    for network, batch in cases[:1] if quick else cases:
        name = out / f"train-{network}-{batch}"
        command = ["benchmarks.train", "--json", "--network", network, "--batch", str(batch)]
        small = "--images 256 --size 32 --rounds 1 --seconds 0.1 --warm-up 0.1"
        whole = "--images 16384 --rounds 3 --seconds 2 --warm-up 4"
        command += [*(small if quick else whole).split(), *(["--loops", "ours"] if quick else [])]
        last = _said(command, name.with_suffix(".txt"), end - time.perf_counter())
        result = json.loads(last)
        name.with_suffix(".json").write_text(last)
        speeds = {loop: sorted(said["images_per_second"]) for loop, said in result["loops"].items()}
        medians = {loop: round(found[len(found) // 2]) for loop, found in speeds.items()}
        lines.append(f"{network}, batch {batch}: {medians}; {result['failed']}")
    return lines


def ways_of_a_step(out: Path, quick: bool, left: float) -> list[str]:
    """Images a second kernel by kernel, recorded, compiled and recorded, and in float32."""
    ways: dict[str, dict[str, Any]] = {
        "kernel by kernel": {},
        "recorded": {},
        "compiled and recorded": {"train.compile": "yes"},
        "recorded, float32": {"train.precision": "float32"},
    }
    lines, end = [], time.perf_counter() + min(left, 90)
    for batch in (16,) if quick else (64, 512):
        speeds = {}
        for number, (name, options) in enumerate(ways.items()):
            if time.perf_counter() > end or (quick and "compiled" in name):
                continue
            folder = out / "runs" / f"way-{batch}-{number}"
            trainer = _trainer(folder, 256 if quick else 8192, 1000, options, batch)
            may_record = step.can_record
            if number == 0:
                step.can_record = lambda device: False
            try:
                speeds[name] = round(_speed(trainer, batch, 0.2 if quick else 3.0))
            finally:
                step.can_record = may_record
            notes = [event["text"] for event in trainer.run.events() if event["kind"] == "note"]
            lines += [f"{name}: {text}" for text in notes if "recorded" in text or "compil" in text]
        lines.append(f"batch {batch}: {speeds}")
    return lines


def _speed(trainer: Trainer, batch: int, seconds: float) -> float:
    """Images a second of a training, over so many seconds after its first fifty steps."""
    marks: list[tuple[int, float]] = []

    def asked() -> str:
        if trainer.step < 50 or (marks and time.perf_counter() < marks[0][1] + seconds):
            return ""
        if trainer.device.type == "cuda":
            torch.cuda.synchronize()
        marks.append((trainer.step, time.perf_counter()))
        return "stop" if len(marks) == 2 else ""

    trainer.train(asked, _silent)  # type: ignore[arg-type]
    (first, began), (last, ended) = marks
    return (last - first) * batch / (ended - began)


def where_it_waits(out: Path, quick: bool, left: float) -> str:
    """A profile of some steps, and the lines of the loop that waited for the device."""
    from torch.profiler import ProfilerActivity, profile

    is_cuda = torch.cuda.is_available()
    trainer = _trainer(out / "runs" / "profile", 512 if quick else 8192, epochs=10)
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * is_cuda
    profiler, first, last = profile(activities=activities), 12, 32

    def asked() -> str:
        if trainer.step == first:
            profiler.start()
            if is_cuda:
                torch.cuda.set_sync_debug_mode("warn")
        if trainer.step == last:
            profiler.stop()
            if is_cuda:
                torch.cuda.set_sync_debug_mode("default")
        return "stop" if trainer.step >= last else ""

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.train(asked, _silent)  # type: ignore[arg-type]
    found = sorted({f"{w.filename}:{w.lineno}" for w in caught if "synchroniz" in str(w.message)})
    order = "self_cuda_time_total" if is_cuda else "self_cpu_time_total"
    table = profiler.key_averages().table(sort_by=order, row_limit=40)
    (out / "profile.txt").write_text("\n".join([*found, table]))
    return f"waits at {found or 'no line'} in steps {first} to {last}"


def showpiece(out: Path, quick: bool, left: float) -> dict[str, float]:
    """100 epochs of 63,632 drawn faces; what the run says of itself."""
    num, epochs = (256, 1) if quick else (SHOWPIECE_IMAGES, SHOWPIECE_EPOCHS)
    began = time.perf_counter()
    trainer = _trainer(out / "runs" / "showpiece", num, epochs)
    opened, end = time.perf_counter(), time.perf_counter() + max(10.0, left - 30)
    status = trainer.train(
        lambda: "pause" if time.perf_counter() > end else "",
        _silent,
    )
    seconds = time.perf_counter() - opened
    events = trainer.run.events()
    evaluations = [event for event in events if event["kind"] == "eval"]
    steps = [event for event in events if event["kind"] == "step"]
    return {
        "seconds_to_open": round(opened - began, 1),
        "seconds": round(seconds, 1),  # with the drawing of the faces, previews and evaluations
        "seconds_of_steps": round(steps[-1]["seconds"], 1) if steps else float("nan"),
        "epochs": trainer.epoch,
        "images_per_second": round(trainer.step * trainer.config.train.images_per_step / seconds),
        "elbo": round(evaluations[-1]["elbo"], 1) if evaluations else float("nan"),
        "is_finished": float(status == "finished"),
    }


def _trainer(
    folder: Path,
    num: int,
    epochs: int,
    others: Mapping[str, Any] | None = None,
    batch: int | None = None,
) -> Trainer:
    options: dict[str, Any] = {} if num > 2048 else SMALL
    options = (
        options
        | dict(others or {})
        | {
            "data.num_images": num,
            "train.epochs": epochs,
            "train.batch_size": batch or (512 if num > 2048 else 64),
            "train.checkpoint_every": 10**9,
            "model.latent_dim": 64,
            "model.prior": "normal",  # the steps are measured, not the flow after them
        }
    )
    config = with_values(Config(), options)
    dataset = open_dataset(config.data, folder.parent / ".data")
    run = Run(folder)
    return Trainer(run, prepare(run, config, dataset), dataset)


def _said(command: list[str], log: Path, seconds: float) -> str:
    """The last line of a module run as a command, whose whole output goes to `log`."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=max(1.0, seconds),
    )
    log.write_text(done.stdout + done.stderr)
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return lines[-1] if lines else "nothing was said"


def _silent(what: str, done: int, total: int) -> None:
    """No progress is shown."""


PARTS: dict[str, Callable[[Path, bool, float], Any]] = {
    "machine": machine,
    "gpu tests": gpu_tests,
    "throughput": throughput,
    "ways of a step": ways_of_a_step,
    "where it waits": where_it_waits,
    "showpiece": showpiece,
}


if __name__ == "__main__":
    main()
