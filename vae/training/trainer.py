"""The training loop: one process, one run folder, stopped and resumed at any step.

N images of a batch, H = W pixels, C channels, D latent dimensions.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from torch import Tensor

from vae.config import Config
from vae.data.dataset import Dataset
from vae.errors import FileError, reason_of
from vae.latent.encoding import to_unit
from vae.model.device import choose_precision
from vae.model.networks import num_parameters
from vae.model.weight_norm import start_from_data
from vae.option_choices import EndStatus, Request
from vae.runs import milestones
from vae.runs.events import EventWriter
from vae.runs.folder import Run
from vae.training import state as states
from vae.training.batches import noise_of, steps_per_epoch
from vae.training.ending import evaluate_more, fit_prior
from vae.training.feed import Feed, whole_batch
from vae.training.guard import check
from vae.training.limits import reason_to_stop
from vae.training.memory import keep_memory
from vae.training.objectives import Objective
from vae.training.previews import draw_preview
from vae.training.processes import ALONE, Asked, Processes
from vae.training.saving import copied
from vae.training.schedules import lr_at
from vae.training.start_event import about_start
from vae.training.step import Step
from vae.training.writer import Writer

STATUS_AFTER: dict[Request, EndStatus] = {"pause": "paused", "stop": "stopped"}

Progress = Callable[[str, int, int], None]


class Trainer:
    """A model in training, and the run folder that it is written to.

    Used as: ``Trainer(run, config, dataset).train(...)``. The caller holds the run's lock.
    """

    def __init__(
        self, run: Run, config: Config, dataset: Dataset, processes: Processes = ALONE
    ) -> None:
        """Build the model, or go on from the newest training state.

        Raises InputError where the data are not those that the run began with. Of several
        processes all take every step, and the first alone writes.
        """
        self.run, self.config, self.dataset, self.processes = run, config, dataset, processes
        self.objective = Objective(config.train, len(dataset.train))
        self.state, self.notes = states.begin(run, config, dataset, self.objective)
        self.model, self.device = self.state.model, self.state.device
        self.steps_per_epoch = steps_per_epoch(len(dataset.train), config.train.images_per_step)
        self.total_steps = config.train.epochs * self.steps_per_epoch
        log = run.events_file if self.processes.is_first else Path(os.devnull)
        self.writer = Writer(EventWriter(log, keep_step=self.step))
        self._began, self._is_enough = time.perf_counter(), False

    @property
    def step(self) -> int:
        """Completed steps."""
        return self.state.step

    @property
    def epoch(self) -> int:
        """Completed passes."""
        return self.step // self.steps_per_epoch

    def train(self, asked: Asked, progress: Progress) -> EndStatus:
        """Train to the last epoch, or until `asked()` names a request.

        Returns the status that the run ends with: finished, paused, stopped. Raises what goes
        wrong, after the event that says so.
        """
        self._log_start()
        try:
            with self.processes.explaining():
                status = self._loop(asked, progress)
                self.writer.finish()
        except Exception as error:
            with contextlib.suppress(FileError):  # the disk may be full
                self._end("failed", reason_of(error))
            raise
        self._end(status)
        return status

    def _loop(self, asked: Asked, progress: Progress) -> EndStatus:
        """Step after step, each followed by what is due. Returns the status in the end."""
        state, model = self.state, self.model
        if self.device.type == "cpu":
            keep_memory()
        self.processes.check_step(self.step)
        with Feed(self.dataset, self.config.train, self.device, None, self.processes) as feed:
            if self.step == 0 and self.processes.is_first:
                self._begin()
            take = self._step()
            state.means.start()
            while self.step < self.total_steps:
                self.writer.check()
                if request := self.processes.agreed(lambda: asked() or self._limit()):
                    self._checkpoint(is_measured=False)
                    if self._is_enough:
                        fit_prior(self, asked, progress)
                    return STATUS_AFTER[request]

                model.train()
                images = feed.images(self.step)  # [N, H, W, C], or a share of them
                num = feed.num_images(self.step)
                eps = self._noise(num)  # [N, D]
                lr, weights = self._lr(self.step), self.objective.weights(self.step)
                means, is_bad = take(images, eps, lr, weights)
                state.count(is_bad)
                state.means.add(self.step, means, num, is_bad)
                while take.told:
                    self.writer.note(self.step, take.told.pop(0))

                is_over = self.step == self.total_steps
                if state.means.are_due(self.step) or is_over:
                    self._log_step()
                    progress("train", self.step, self.total_steps)
                if not self.processes.is_first:
                    continue
                with state.means.paused():
                    if milestones.preview_is_due(self.step) or is_over:
                        self._preview()
                    every = self.config.train.checkpoint_every
                    is_due = milestones.checkpoint_is_due(self.step, every, self.steps_per_epoch)
                    if is_over or (is_due and not state.means.checkpoint_may_wait()):
                        self._checkpoint()
                    if is_over:
                        self._evaluate_more()
        fit_prior(self, asked, progress)
        return "finished"

    def _limit(self) -> Request | Literal[""]:
        """`stop`, with a note, where it has been long enough. Of several, the first knows."""
        if not self.processes.is_first:
            return ""
        about = self.run, self.config.train, self.state, self.steps_per_epoch
        reason = reason_to_stop(*about, time.perf_counter() - self._began)
        if reason:
            self._is_enough = True
            self.writer.note(self.step, reason)
        return "stop" if reason else ""

    # ------------------------------------------------------------------- what a step takes

    def _begin(self) -> None:
        """Before the first step: weights that suit the data, and what they make of it."""
        if not self.run.start_file.exists():
            x = to_unit(whole_batch(self.dataset, self.config.train, 0), self.device)
            start_from_data(self.model, x, self._noise(len(x)))
            self.state.restart_average()
        self._preview()

    def _noise(self, num: int) -> Tensor:
        return noise_of(self.objective, self.step, num, self.model.latent_dim, self.device)

    def _step(self) -> Step:
        train = self.config.train
        precision = choose_precision(train.precision, self.device, num_parameters(self.model))
        about = train.images_per_step, train.compile == "yes", self.processes
        return Step(self.state, self.objective, precision, *about)

    def _lr(self, step: int) -> float:
        """Learning rate of the step after `step` completed ones."""
        train = self.config.train
        return lr_at(step, train.lr, train.lr_schedule, self.total_steps)

    # ------------------------------------------------------------------ what is due after one

    def _preview(self) -> None:
        seed = self.config.train.seed
        preview = draw_preview(self.state.shown, self.dataset, seed, self.step)
        self.writer.later(lambda: preview.write(self.run))
        self.writer.tell("preview", step=self.step, epoch=self.epoch, **preview.files)

    def _checkpoint(self, is_measured: bool = True) -> None:
        """Measure and save, or save alone, while the next steps are taken."""
        self._settle()
        if not self.processes.is_first:
            return
        self.writer.finish()  # one copy in memory at most
        copy = copied(self.state, self.epoch, self.dataset, self.objective)
        about = self.run, self.dataset, self.objective, self.state
        # Patience asks for the loss before the next step; MPS bears one thread.
        is_awaited = bool(self.config.train.patience) or self.device.type == "mps"
        if is_measured and (is_awaited or self.step == self.total_steps):
            self.writer.tell("eval", **copy.measure(*about))
        elif is_measured:
            self.writer.tell_of("eval", lambda: copy.measure(*about))
        self.writer.tell_of("checkpoint", lambda: copy.write(self.run))
        if is_awaited:
            self.writer.finish()

    def _evaluate_more(self) -> None:
        evaluate_more(self)

    # -------------------------------------------------------------------------------- the log

    def _log_start(self) -> None:
        about = about_start(self.config, self.dataset, self.state, self.total_steps)
        self.writer.tell("start", epoch=self.epoch, **about)
        for text in self.notes:
            self.writer.note(self.step, text)

    def _settle(self) -> None:
        """Hear from the device how the last steps went. Raises DivergedError if badly."""
        for step in self.state.means.settle():
            self.writer.note(step, "A step was skipped: its gradient was not finite.")
        check(self.state.means.num_bad)

    def _log_step(self) -> None:
        self._settle()
        measures, images_per_second = self.state.means.take()
        if not measures:
            return
        sigma = self.model.likelihood.implied_sigma()
        capacity = self.objective.capacity(self.step - 1)
        self.writer.tell(
            "step",
            step=self.step,
            epoch=self.epoch,
            **measures,
            elbo=-(measures["nll"] + measures["kl"]),
            beta=self.objective.beta(self.step - 1),
            lr=self._lr(self.step - 1),
            images_per_second=images_per_second,
            seconds=self.state.means.seconds,
            **({} if sigma is None else {"sigma": sigma}),
            **({} if capacity is None else {"capacity": capacity}),
        )

    def _end(self, status: EndStatus, reason: str = "") -> None:
        self.writer.tell("end", step=self.step, epoch=self.epoch, status=status, reason=reason)
        self.writer.close()
