"""The training loop: one process, one run folder, stopped and resumed at any step.

N images of a batch, D latent dimensions. Data order and noise are pure functions of (seed, step),
so that a resumed run goes on exactly as if it had never stopped.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae import config, pictures
from vae.atomic import atomic_json, atomic_write, make_folder
from vae.config import Config, TrainConfig
from vae.data.dataset import Dataset, permutation
from vae.errors import ExplainedError, FileError, InputError
from vae.latent import encoding
from vae.latent.encoding import Latents, to_unit
from vae.model import checkpoints
from vae.model.device import choose_device
from vae.model.elbo import bits_per_dim
from vae.model.likelihoods import default_likelihood
from vae.model.networks import VAE, num_parameters
from vae.model.posterior import active_units
from vae.model.weight_norm import normalise_weights, start_from_data
from vae.runs.events import EventWriter
from vae.runs.folder import Run
from vae.training.objectives import Objective
from vae.training.schedules import lr_at

LOG_EVERY = 10
FIRST_CHECKPOINT = 20
# Previews come at steps that grow by this factor: dense while the model changes fast.
PREVIEW_GROWTH = 1.08
NUM_RECONSTRUCTIONS = 8
NUM_SAMPLES = 24
SHEET_COLUMNS = 8
EVALUATION_IMAGES = 2000
MAX_BAD_STEPS = 20
# Training states from before there were several objectives are all of this one.
ELBO = Objective(TrainConfig(), 0).settings

Progress = Callable[[str, int, int], None]


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Steps of one pass. A last batch of a single image is left out: it has no batch statistics."""
    return max(1, num_images // batch_size + (num_images % batch_size > 1))


def batch_index(train: NDArray[np.int64], seed: int, batch_size: int, step: int) -> Any:
    """Which images the step after `step` completed ones sees, a pure function. [N]"""
    epoch, position = divmod(step, steps_per_epoch(len(train), batch_size))
    order = permutation(len(train), seed, epoch)
    index = train[order[position * batch_size : (position + 1) * batch_size]]
    return np.repeat(index, 2) if len(index) == 1 else index


def noise(seed: int, step: int, shape: tuple[int, ...]) -> Tensor:
    """The eps ~ N(0, I) of one step, a pure function. [*shape]"""
    mixed = np.random.SeedSequence([seed, step]).generate_state(1)[0]
    return torch.randn(shape, generator=torch.Generator().manual_seed(int(mixed)))


def preview_is_due(step: int) -> bool:
    """Whether a preview belongs to `step`: at 0, 1, 2, ... and then ever farther apart."""
    due = 0
    while due < step:
        due = max(due + 1, int(due * PREVIEW_GROWTH))
    return due == step


def _copy(to: list[Tensor], tensors: list[Tensor]) -> None:
    """Each of `tensors` into its place; there may be none, which torch refuses."""
    if tensors:
        torch._foreach_copy_(to, tensors)


def _reason(error: Exception) -> str:
    """Why a training failed, in a sentence where there is one."""
    return str(error) if isinstance(error, ExplainedError) else f"{type(error).__name__}: {error}"


class Trainer:
    """A model in training, and the run folder that it is written to.

    Used as: ``Trainer(run, config, dataset).train(...)``. The caller holds the run's lock.
    """

    def __init__(self, run: Run, config: Config, dataset: Dataset) -> None:
        """Build the model, or go on from the newest training state.

        Raises InputError where the data are not those that the run began with.
        """
        self.run, self.config, self.dataset = run, config, dataset
        self.device = choose_device(config.train.device)
        torch.manual_seed(config.train.seed)  # the layers draw their first weights from it
        self.model = VAE(config.model, dataset.image_shape)
        if config.model.name == "residual":
            normalise_weights(self.model)
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=config.train.lr, fused=self.device.type != "mps"
        )
        self.objective = Objective(config.train, len(dataset.train))
        self.step, self.seconds, self.best = 0, 0.0, (float("inf"), 0)  # best loss, and its step
        # Of what is measured over the images since the last step event, and how many those are.
        self.sums, self.num_images = np.zeros(len(self.objective.names)), 0
        self.notes: list[str] = []
        state = checkpoints.newest_state(run)
        if state is not None:
            self._restore(state)
        elif (text := checkpoints.load_start(run, self.model)) is not None:
            self.notes.append(text)
        elif run.weights_file.exists():
            raise InputError(
                f"Run {run.name} holds weights but no training state, so that it cannot go on: "
                "look at it, and start a new run."
            )
        self.steps_per_epoch = steps_per_epoch(len(dataset.train), config.train.batch_size)
        self.total_steps = config.train.epochs * self.steps_per_epoch
        self.events = EventWriter(run.events_file, keep_step=self.step)

    @property
    def epoch(self) -> int:
        """Completed passes."""
        return self.step // self.steps_per_epoch

    def train(self, asked: Callable[[], str], progress: Progress) -> str:
        """Train to the last epoch, or until `asked()` names a request.

        Returns the status that the run ends with: finished, paused, stopped. Raises what goes
        wrong, after the event that says so.
        """
        options = {
            name: value
            for name in config.CHANGEABLE
            if (value := config.get_value(self.config, name)) is not None
        }
        self.events.write(
            "start",
            step=self.step,
            epoch=self.epoch,
            total_steps=self.total_steps,
            steps_per_epoch=self.steps_per_epoch,
            num_train=len(self.dataset.train),
            num_validation=len(self.dataset.validation),
            num_parameters=num_parameters(self.model),
            device=self.device.type,
            num_threads=torch.get_num_threads(),
            **options,
        )
        for text in self.notes:
            self.events.write("note", step=self.step, text=text)
        try:
            status = self._loop(asked, progress)
        except Exception as error:
            with contextlib.suppress(FileError):  # the disk may be full
                self._end("failed", reason=_reason(error))
            raise
        self._end(status)
        return status

    def _loop(self, asked: Callable[[], str], progress: Progress) -> str:
        if self.step == 0:
            if not self.run.start_file.exists():
                x = to_unit(self._batch(0), self.device)
                start_from_data(self.model, x, self._noise(0, len(x)).to(self.device))
            self._preview()
        request, bad_steps = "", 0
        statistics = list(self.model.buffers())  # the running means that a forward pass updates
        good_statistics = [buffer.clone() for buffer in statistics]
        num_timed, since = 0, time.perf_counter()
        with ThreadPoolExecutor(1) as ahead:
            batch = ahead.submit(self._batch, self.step)
            while self.step < self.total_steps and not (request := asked()):
                images = batch.result()  # [N, H, W, C] uint8
                batch = ahead.submit(self._batch, self.step + 1)
                self.model.train()
                x = to_unit(images, self.device)
                eps = self._noise(self.step, len(x))
                with self._precision():
                    terms = self.model(x, eps.to(self.device))
                measures = self.objective.measure(terms, self.step)
                measures["loss"].backward()  # type: ignore[no-untyped-call]
                if self._gradient_is_finite():
                    self._set_lr()
                    self.optimizer.step()
                    _copy(good_statistics, statistics)
                    bad_steps = 0
                else:
                    _copy(statistics, good_statistics)
                    bad_steps += 1
                    text = "A step was passed over: its gradient was not finite."
                    self.events.write("note", step=self.step + 1, text=text)
                self.optimizer.zero_grad(set_to_none=True)
                if bad_steps == MAX_BAD_STEPS:
                    raise FloatingPointError(
                        f"training diverged: {MAX_BAD_STEPS} steps in a row were not finite; "
                        "try a smaller train.lr"
                    )
                self.step += 1
                if bad_steps == 0:
                    means = torch.stack([measures[name] for name in self.objective.names]).detach()
                    self.sums += len(x) * means.double().cpu().numpy()
                    self.num_images += len(x)
                num_timed += len(x)

                is_over = self.step == self.total_steps
                if self.step % LOG_EVERY == 0 or is_over:
                    elapsed = time.perf_counter() - since
                    self.seconds += elapsed
                    if self.num_images:
                        self._log(self.sums / self.num_images, num_timed / elapsed)
                    self.sums, self.num_images, num_timed = np.zeros_like(self.sums), 0, 0
                    progress("train", self.step, self.total_steps)
                    since = time.perf_counter()
                if preview_is_due(self.step) or is_over or self._save_is_due():
                    pause_began = time.perf_counter()
                    if preview_is_due(self.step) or is_over:
                        self._preview()
                    if self._save_is_due() or is_over:
                        self._evaluate_and_save()
                    since += time.perf_counter() - pause_began
        if request:
            self._save()
            return {"pause": "paused", "stop": "stopped"}[request]
        return "finished"

    def evaluate(self, num_images: int) -> tuple[dict[str, float], Latents, float]:
        """Means over the first validation images; their latents; the loss with risen schedules.

        Keys nll, kl, elbo, loss, bits_per_dim, mse, sigma, active_units, num_images, kl_0, ...,
        and those of the objective. The loss is that of training: objective, weights, number of
        samples, and batch size where it matters.
        """
        self.model.eval()
        index = self.dataset.validation[:num_images]
        latents_now = encoding.encode_images(self.model, self.dataset, index, self.step)
        train = self.config.train
        eps = self._noise(0, len(index))
        objective, sums, final_loss = self.objective, np.zeros_like(self.sums), 0.0
        batch = max(1, encoding.ENCODE_BATCH // train.num_samples)
        batch = train.batch_size if objective.is_of_batches else batch
        with torch.inference_mode():
            for start in range(0, len(index), batch):
                part = slice(start, start + batch)
                x = to_unit(self.dataset.take(index[part]), self.device)
                terms = self.model(x, eps[..., part, :].to(self.device))
                measures = objective.measure(terms, self.step)
                means = torch.stack([measures[name] for name in objective.names])
                sums += len(x) * means.double().cpu().numpy()
                final_loss += len(x) * objective.measure(terms, None)["loss"].item()
        means_by_name = dict(zip(objective.names, (sums / len(index)).tolist(), strict=True))
        kl_per_dim = latents_now.kl_per_dim.astype(np.float64).mean(0)
        nll, kl = means_by_name["nll"], float(kl_per_dim.sum())
        sigma = self.model.likelihood.implied_sigma()
        event = means_by_name | {
            "kl": kl,
            "elbo": -(nll + kl),
            "bits_per_dim": bits_per_dim(
                -(nll + kl), int(np.prod(self.dataset.image_shape)), discrete=sigma is not None
            ),
            "mse": float(latents_now.mse.mean()),
            "active_units": int(active_units(torch.from_numpy(latents_now.mu)).sum()),
            "num_images": len(index),
        }
        if sigma is not None:
            event["sigma"] = sigma
        event |= {f"kl_{j}": float(kl) for j, kl in enumerate(kl_per_dim)}
        return event, latents_now, final_loss / len(index)

    def _noise(self, step: int, num: int) -> Tensor:
        """The eps of `num` images. [N, D], or [L, N, D] for L samples an image"""
        train, shape = self.config.train, (num, self.model.latent_dim)
        if not self.objective.is_noisy:
            return torch.zeros(shape)
        return noise(
            train.seed, step, shape if train.num_samples == 1 else (train.num_samples, *shape)
        )

    def _batch(self, step: int) -> NDArray[np.uint8]:
        train = self.config.train
        index = batch_index(self.dataset.train, train.seed, train.batch_size, step)
        return self.dataset.take(index)

    def _precision(self) -> torch.autocast:
        is_cuda = self.device.type == "cuda"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=is_cuda)

    def _set_lr(self) -> None:
        train = self.config.train
        for group in self.optimizer.param_groups:
            group["lr"] = lr_at(self.step, train.lr, train.lr_schedule, self.total_steps)

    def _gradient_is_finite(self) -> bool:
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        return bool(torch.isfinite(torch.stack(torch._foreach_norm(gradients))).all())

    def _log(self, means: NDArray[np.float64], images_per_second: float) -> None:
        measures = dict(zip(self.objective.names, means.tolist(), strict=True))
        sigma = self.model.likelihood.implied_sigma()
        capacity = self.objective.capacity(self.step - 1)
        self.events.write(
            "step",
            step=self.step,
            epoch=self.epoch,
            **measures,
            elbo=-(measures["nll"] + measures["kl"]),
            beta=self.objective.beta(self.step - 1),
            lr=self.optimizer.param_groups[0]["lr"],
            images_per_second=images_per_second,
            seconds=self.seconds,
            **({} if sigma is None else {"sigma": sigma}),
            **({} if capacity is None else {"capacity": capacity}),
        )

    @torch.inference_mode()
    def _preview(self) -> None:
        """The same faces reconstructed and the same noise decoded, as two sheets."""
        self.model.eval()
        index = self.dataset.validation[:NUM_RECONSTRUCTIONS]
        originals = self.dataset.take(index)
        posterior = self.model.encode(to_unit(originals, self.device))
        eps = noise(self.config.train.seed, 1, (NUM_SAMPLES, self.model.latent_dim))
        files = {}
        for name, z in (("reconstructions", posterior.mu), ("samples", eps.to(self.device))):
            images = pictures.from_unit(self.model.decode(z).cpu().numpy())
            files[name] = f"previews/{name}-{self.step:08d}.png"
            if name == "reconstructions":
                images = np.concatenate([originals, images])
            columns = len(index) if name == "reconstructions" else SHEET_COLUMNS
            sheet = pictures.grid(images, columns)
            make_folder(self.run.previews)
            atomic_write(self.run.folder / files[name], pictures.png(sheet))
        self.events.write("preview", step=self.step, epoch=self.epoch, **files)

    def _save_is_due(self) -> bool:
        every = self.config.train.checkpoint_every
        at_epoch_end = self.step % self.steps_per_epoch == 0
        return self.step == FIRST_CHECKPOINT or self.step % every == 0 or at_epoch_end

    def _evaluate_and_save(self) -> None:
        terms, latents_now, loss = self.evaluate(EVALUATION_IMAGES)
        self.events.write("eval", step=self.step, epoch=self.epoch, split="validation", **terms)
        encoding.save_latents(self.run.latents_file, latents_now)
        if loss < self.best[0]:
            self.best = (loss, self.step)
        self._save(keep=True)
        is_over = self.step == self.total_steps
        if is_over and len(self.dataset.validation) > EVALUATION_IMAGES:
            terms, _, _ = self.evaluate(len(self.dataset.validation))
            self.events.write("eval", step=self.step, epoch=self.epoch, split="validation", **terms)

    def _save(self, keep: bool = False) -> None:
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "sums": self.sums.tolist(),
            "num_images": self.num_images,
            "best_loss": self.best[0],
            "best_step": self.best[1],
            "best_of": self.objective.settings,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "fingerprint": self.dataset.fingerprint,
            "num_threads": torch.get_num_threads(),
            "device": self.device.type,
            "torch": str(torch.__version__),
        }
        checkpoints.save_weights(self.run, self.model, self.step, self.epoch, keep)
        path, digest = checkpoints.save_state(self.run, state, self.best[1])
        self.events.write(
            "checkpoint",
            step=self.step,
            epoch=self.epoch,
            file=f"checkpoints/{path.name}",
            sha256=digest,
            is_best=self.best[1] == self.step,
        )

    def _restore(self, state: dict[str, Any]) -> None:
        if state["fingerprint"] != self.dataset.fingerprint:
            raise InputError(
                f"The images of {self.config.data.source} are not those that run {self.run.name} "
                "began with: bring those back, or train a new run on the new ones. With "
                f"--from {self.run.name} it begins with these weights."
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.sums, self.num_images = np.array(state["sums"]), state["num_images"]
        if state.get("best_of", ELBO) == self.objective.settings:  # else they cannot be compared
            best_loss = state["best_loss"] if "best_loss" in state else -state["best_elbo"]
            self.best = (best_loss, state["best_step"])
        before = (state["device"], state["num_threads"], state["torch"])
        now = (self.device.type, torch.get_num_threads(), str(torch.__version__))
        if before != now:
            self.notes.append(
                f"Resumed on {now[0]} with {now[1]} threads and torch {now[2]}, after {before[0]} "
                f"with {before[1]} threads and torch {before[2]}: the last digits may differ."
            )

    def _end(self, status: str, reason: str = "") -> None:
        self.events.write("end", step=self.step, epoch=self.epoch, status=status, reason=reason)
        self.events.close()


def prepare(run: Run, config_now: Config, dataset: Dataset) -> Config:
    """The config with what the data decide filled in; a new run's is written to its folder."""
    if run.config_file.is_file():
        return config_now
    model = config_now.model
    likelihood = model.likelihood or default_likelihood(dataset.image_shape[0], model.sigma)
    config_now = config.with_values(config_now, {"model.likelihood": likelihood})
    make_folder(run.folder)
    atomic_json(run.config_file, config.to_document(config_now))
    return config_now
