"""Several processes that train one model make what one alone would have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.vae.training.launching import TINY, launch, output_of, weights
from vae.model.checkpoints import newest_state
from vae.runs.events import last_event
from vae.runs.folder import Run

pytestmark = pytest.mark.slow

# Six steps an epoch, the last of two images: of three processes one has none.
UNEVEN = TINY | {"data.num_images": 58, "train.batch_size": 10, "train.epochs": 3}
TRAININGS: dict[str, dict[str, Any]] = {
    "residual": TINY | {"train.epochs": 25, "train.checkpoint_every": 50},  # 100 steps
    "conv": TINY | {"model.name": "conv", "train.epochs": 5},
    "beta_tc": TINY | {"train.objective": "beta_tc", "train.beta": 4.0, "train.epochs": 5},
    "samples": TINY
    | {"train.objective": "importance_weighted", "train.num_samples": 3, "train.epochs": 1},
    "free_bits": TINY | {"model.likelihood": "laplace", "train.free_bits": 0.5, "train.epochs": 1},
    "average": TINY | {"train.ema": 0.9, "train.epochs": 5},
    "uneven": UNEVEN,
    "uneven_conv": UNEVEN | {"model.name": "conv"},
}
# That end before their last epoch. Nothing is learnt, so that the first loss is the lowest.
PATIENT = {"model.likelihood": "bernoulli", "train.lr": 1e-12, "train.patience": 2}
LIMITED: dict[str, dict[str, Any]] = {
    "patient": TINY | PATIENT | {"train.epochs": 50},
    "brief": TINY | {"train.max_minutes": 0.001, "train.epochs": 500},
}
SEVERAL_TRAININGS = """
import json, sys
from pathlib import Path

from vae.config import Config, with_values
from vae.data.dataset import open_dataset
from vae.runs import torchrun
from vae.runs.folder import Run
from vae.training.join_processes import joined
from vae.training.state import prepare
from vae.training.trainer import Trainer

root, trainings = Path(sys.argv[1]), json.loads(sys.argv[2])
with joined(torchrun.place()) as processes:
    for name, options in trainings.items():
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
        config = with_values(Config(), values)
        dataset = open_dataset(config.data, root / ".data")
        if processes.is_first:
            prepare(Run(root / name), config, dataset)
        trainer = Trainer(Run(root / name), config, dataset, processes)
        trainer._preview = lambda: None  # pictures take half of the time
        trainer.train(lambda: "", lambda *_: None)
"""


def squares_of_gradients(run: Run) -> float:
    """As the optimizer has kept them: it hides a wrong factor of them from the weights."""
    document = newest_state(run)
    assert document is not None
    states = document["optimizer"]["state"].values()
    squares = [of["momentum"].square() if "momentum" in of else of["exp_avg_sq"] for of in states]
    return sum(float(square.sum()) for square in squares)


def averages(run: Run) -> dict[str, torch.Tensor]:
    document = newest_state(run)
    assert document is not None
    model: dict[str, torch.Tensor] = document["average"]["model"]
    return {name: value.float() for name, value in model.items()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The root of the same trainings by one, two and three processes."""
    script = tmp_path_factory.mktemp("script") / "several_trainings.py"
    script.write_text(SEVERAL_TRAININGS)
    roots = {num: tmp_path_factory.mktemp(f"by-{num}") for num in (1, 2, 3)}
    for num, root in roots.items():
        process = launch(num, str(script), str(root), json.dumps(TRAININGS | LIMITED))
        text = output_of(process)
        assert process.returncode == 0, text
    return roots


def measures(run: Run) -> np.ndarray:
    steps = [event for event in run.events() if event["kind"] == "step"]
    return np.array([[event[name] for name in ("step", "nll", "kl", "loss")] for event in steps])


@pytest.mark.parametrize("num", [2, 3])
@pytest.mark.parametrize("name", TRAININGS)
def test_several_processes_train_as_one(trained: dict[int, Path], name: str, num: int) -> None:
    alone, together = Run(trained[1] / name), Run(trained[num] / name)
    wanted, found = measures(alone), measures(together)
    assert wanted[-1, 0] == {"residual": 100, "conv": 20, "beta_tc": 20}.get(name, wanted[-1, 0])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    of_both = [squares_of_gradients(run) for run in (alone, together)]
    assert of_both[1] == pytest.approx(of_both[0], rel=1e-2)
    ours, theirs = weights(together), weights(alone)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if not (name.endswith("conv") and key.endswith((".bias", "running_mean"))):
            torch.testing.assert_close(ours[key], value, rtol=2e-3, atol=2e-3)
    # A bias before a normalisation has no gradient but rounding, and a mean that goes with it.
    of_both = [last_event(run.events(), "eval")["nll"] for run in (alone, together)]
    assert of_both[1] == pytest.approx(of_both[0], rel=1e-2 if name.endswith("conv") else 1e-4)


@pytest.mark.parametrize("num", [2, 3])
def test_the_average_is_that_of_one(trained: dict[int, Path], num: int) -> None:
    ours, theirs = (averages(Run(trained[of] / "average")) for of in (num, 1))
    for key, value in theirs.items():
        assert torch.linalg.norm(ours[key] - value) <= 1e-4 * torch.linalg.norm(value), key


@pytest.mark.parametrize(
    ("name", "sentence"), [("patient", "since step 4 (train.patience)"), ("brief", "max_minutes")]
)
def test_all_stop_where_it_has_been_long_enough(
    trained: dict[int, Path], name: str, sentence: str
) -> None:
    ends = []
    for root in trained.values():
        events = Run(root / name).events()
        end = last_event(events, "end")
        assert end["status"] == "stopped"
        ends.append(end["step"])
        texts = [event["text"] for event in events if event["kind"] == "note"]
        assert sum(sentence in text for text in texts) == 1
    if name == "patient":
        assert ends == [12, 13, 13]  # several agree while they take one step more


def test_the_first_process_alone_writes(trained: dict[int, Path]) -> None:
    for num in (2, 3):
        events = Run(trained[num] / "residual").events()
        keys = [(event["kind"], event.get("step")) for event in events if event["kind"] != "note"]
        assert len(keys) == len(set(keys))
        assert last_event(events, "start")["num_processes"] == num
