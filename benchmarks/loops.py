"""The training loops that `benchmarks.train` lets race: same network, start, images, batch, dtype.

Each is called with a `Race` and never returns: `race.turn.step` ends it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from benchmarks.turns import Turn
from vae.config import Config, with_values
from vae.data.dataset import Dataset, open_dataset
from vae.latent.encoding import to_unit
from vae.model.batch_norm import BatchNorm2d
from vae.model.convolutions import LastConvolution, PixelShuffle, PixelUnshuffle, Upconvolution
from vae.model.device import choose_device
from vae.model.networks import VAE
from vae.model.weight_norm import normalise_weights

FOREVER = 10**9
OWN_LAYERS = BatchNorm2d, LastConvolution, PixelShuffle, PixelUnshuffle, Upconvolution


@dataclass
class Race:
    """What is the same for all loops."""

    config: Config
    folder: Path  # class folders of PNG files
    turn: Turn
    autocast: bool

    @property
    def device(self) -> torch.device:
        return choose_device(self.config.train.device)

    def dataset(self) -> Dataset:
        """The images of the folder, imported."""
        return open_dataset(self.config.data, self.folder.parent / "cache")

    def model(self, is_of_torch: bool = False) -> VAE:
        """The network as the product trains it, or of torch's own layers, with its seed's start."""
        size = self.config.data.image_size or 64
        torch.manual_seed(self.config.train.seed)
        model = VAE(self.config.model, (3, size, size))
        if is_of_torch:
            self._use_layers_of_torch(model)
        elif self.config.model.name == "residual":
            normalise_weights(model)
        self.turn.model = model.to(self.device)
        return model

    def _use_layers_of_torch(self, model: VAE) -> None:
        convolutions = []
        for module in model.modules():
            if type(module) in OWN_LAYERS:  # all of what they are is in their class
                module.__class__ = type(module).__base__
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                convolutions.append(module)
        if self.config.model.name == "residual":
            for module in convolutions[:-1]:
                weight_norm(module, dim=int(isinstance(module, nn.ConvTranspose2d)))

    def loss(self, model: nn.Module, x: Tensor) -> Tensor:
        """-elbo, the mean of a batch; x [N, C, H, W]"""
        eps = torch.randn(len(x), self.config.model.latent_dim, device=x.device)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.autocast):
            terms = model(x, eps)
        return -terms.elbo.mean()  # type: ignore[no-any-return]

    def files(self, num_workers: int) -> Any:
        """A DataLoader of the files: a pass over (x, class) from ImageFolder, shuffled."""
        from torchvision import transforms
        from torchvision.datasets import ImageFolder

        return torch.utils.data.DataLoader(
            ImageFolder(str(self.folder), transforms.ToTensor()),
            self.config.train.images_per_step,
            shuffle=True,
            drop_last=True,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            pin_memory=self.device.type == "cuda",
        )


def ours(race: Race) -> None:
    """The trainer, with its log, its data order and its noise; `asked` is called each step."""
    from vae.runs.folder import Run
    from vae.training.state import prepare
    from vae.training.trainer import Trainer

    dataset = race.dataset()
    run = Run(Path(tempfile.mkdtemp()) / "race")
    config = prepare(run, race.config, dataset)
    trainer = Trainer(run, config, dataset)
    race.turn.model = trainer.state.shown
    seen = 0

    def asked() -> str:
        nonlocal seen
        if trainer.step > seen:
            race.turn.step(config.train.images_per_step * (trainer.step - seen))
            seen = trainer.step
        return ""

    trainer.train(asked, lambda what, done, total: None)  # type: ignore[arg-type]


def usual(race: Race, num_workers: int, is_of_torch: bool = False) -> None:
    """The loop of tutorials: ImageFolder, DataLoader, Adam, the loss read at each step."""
    model = race.model(is_of_torch)
    optimizer = torch.optim.Adam(model.parameters(), race.config.train.lr)
    loader, total = race.files(num_workers), 0.0
    while True:
        for x, _ in loader:
            optimizer.zero_grad()
            loss = race.loss(model, x.to(race.device))
            loss.backward()
            optimizer.step()
            total += loss.item()
            race.turn.step(len(x))


def resident(race: Race) -> None:
    """A plain loop over images that lie in memory as uint8; channels last, fused Adam."""
    dataset = race.dataset()
    images = torch.from_numpy(dataset.take(dataset.train)).to(race.device)  # [N, H, W, C]
    model = race.model().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(model.parameters(), race.config.train.lr, fused=True)
    batch = race.config.train.images_per_step
    while True:
        order = torch.randperm(len(images), device=race.device)
        for start in range(0, len(order) - batch + 1, batch):
            x = images[order[start : start + batch]].permute(0, 3, 1, 2).float().div_(255)
            race.loss(model, x).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            race.turn.step(batch)


def lightning(race: Race) -> None:
    """PyTorch Lightning, in the shape that PyTorch-VAE gives its experiments."""
    import lightning as pl

    class Experiment(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = race.model()

        def training_step(self, batch: Any, number: int) -> Tensor:
            loss = race.loss(self.model, batch[0])
            self.log_dict({"loss": loss.detach()}, sync_dist=True)
            race.turn.step(len(batch[0]))
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), race.config.train.lr)

    trainer = pl.Trainer(
        max_epochs=FOREVER,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="gpu" if race.device.type == "cuda" else "cpu",
        devices=1,
    )
    trainer.fit(Experiment(), race.files(2))


def pythae(race: Race) -> None:
    """The trainer of pythae, which holds the images as float32 in memory."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE as PythaeVAE
    from pythae.models import VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Model(PythaeVAE):  # type: ignore[misc]
        def __init__(self, inner: VAE) -> None:
            super().__init__(VAEConfig(input_dim=inner.image_shape, latent_dim=inner.latent_dim))
            self.encoder, self.decoder = nn.Identity(), nn.Identity()
            self.inner = inner

        def forward(self, inputs: Any, **rest: Any) -> Any:
            return ModelOutput(loss=race.loss(self.inner, inputs["data"]))

    class Count(TrainingCallback):  # type: ignore[misc]
        def on_train_step_end(self, *arguments: Any, **rest: Any) -> None:
            race.turn.step(race.config.train.images_per_step)

    dataset = race.dataset()
    x = to_unit(dataset.take(dataset.train)).contiguous()
    trainer = BaseTrainer(
        Model(race.model()),
        BaseDataset(x, torch.zeros(len(x))),
        training_config=BaseTrainerConfig(
            output_dir=tempfile.mkdtemp(),
            num_epochs=10**6,
            per_device_train_batch_size=race.config.train.images_per_step,
            learning_rate=race.config.train.lr,
            amp=race.autocast,
        ),
        callbacks=[Count()],
    )
    trainer.train()


LOOPS: dict[str, Callable[[Race], None]] = {
    "ours": ours,
    "usual loop": lambda race: usual(race, 0),
    "usual, torch's layers": lambda race: usual(race, 0, is_of_torch=True),
    "usual loop with 2 workers": lambda race: usual(race, 2),
    "30 lines": resident,
    "Lightning": lightning,
    "pythae": pythae,
}


def main() -> None:
    name, settings = sys.argv[1], json.loads(sys.argv[2])
    torch.set_num_threads(settings["threads"])
    config = with_values(Config(), {**settings["options"], "train.epochs": FOREVER})
    folder = Path(settings["folder"])
    held_out = open_dataset(config.data, folder.parent / "cache")
    LOOPS[name](Race(config, folder, Turn(held_out), settings["autocast"]))


if __name__ == "__main__":
    main()
