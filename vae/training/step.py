"""One step of training: what a batch says, the gradients, the new weights.

N images of a batch, H = W pixels, C channels, D latent dimensions, L samples of z an image. Nothing
here waits for the device, but where a batch does not fit into its memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from vae.errors import InputError
from vae.latent.encoding import to_unit
from vae.model.batch_norm import BatchNorm2d
from vae.model.networks import OfEach
from vae.option_choices import Precision
from vae.training.guard import Guard
from vae.training.objectives import Objective, Weights
from vae.training.processes import ALONE, Processes
from vae.training.recorded import Recorded, can_record
from vae.training.state import TrainingState

WARM_STEPS = 3  # taken one by one before they are recorded
NO_MEMORY = ("not enough memory", "can't allocate memory")  # what torch says of a CPU


class Step:
    """Trains the model of `state`. Used as ``Step(...)(images, eps, lr, weights)``."""

    def __init__(
        self,
        state: TrainingState,
        objective: Objective,
        precision: Precision,
        batch_size: int,
        is_compiled: bool = False,
        processes: Processes = ALONE,
    ) -> None:
        self._state, self._objective, self._batch_size = state, objective, batch_size
        self._processes = processes
        own = self._processes.share(batch_size)
        self._share_size = own.stop - own.start
        # Whether others wait for what this one computes, so that it cannot begin the step anew.
        is_normalised = any(isinstance(module, BatchNorm2d) for module in state.model.modules())
        self._is_always_awaited = self._processes.num > 1 and is_normalised
        self._is_awaited = self._is_always_awaited
        self._autocast = torch.autocast(
            state.device.type,
            torch.bfloat16,
            enabled=precision == "bfloat16",
            cache_enabled=not can_record(state.device),
        )
        self._processes.wrap(state.model)
        self._guard = Guard(state.model, state.optimizer)
        self._compiled: Callable[[Tensor, Tensor], OfEach] | None = None
        if is_compiled:
            self._compiled = torch.compile(state.model.each, dynamic=False)
        self._recorded: Recorded | None = None
        self._num_taken = 0
        self._part = batch_size  # images at once
        self.told: list[str] = []  # what a person should know, until somebody took it

    def __call__(
        self, images: Tensor, eps: Tensor, lr: float, weights: Weights
    ) -> tuple[Tensor, Tensor]:
        """Change the weights once by images [N, H, W, C] uint8 and eps [L, N, D] or [N, D].

        Of several processes each gives its share of the images, and the eps of all.

        Returns the means that the objective measures, in its order, and 1 for a step that was left
        out since its gradient was not finite, else 0; on the device. Raises InputError where not
        even one image fits into memory.
        """
        self._set_lr(lr)
        self._num_taken += 1
        if self._may_be_recorded(images):
            parameters = list(self._state.model.parameters())
            batch = (images, eps)
            self._recorded = Recorded(self._take, parameters, self._others(), batch, weights)
            if problem := self._recorded.problem:
                self.told.append(problem)
        if self._recorded and self._recorded.suits(images, eps):
            return self._recorded(images, eps, weights)
        while True:
            try:
                return self._take(images, eps, weights)
            except RuntimeError as error:
                if not _is_of_memory(error):
                    raise
            self._make_room(min(self._part, len(images)))

    def _take(self, images: Tensor, eps: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        measures = self._gradients(to_unit(images), eps, weights)
        is_bad = self._guard.step()
        return torch.stack([measures[name] for name in self._objective.names]).detach(), is_bad

    def _gradients(self, x: Tensor, eps: Tensor, weights: Weights) -> dict[str, Tensor]:
        """Fill in the gradients of the weights. Returns what the objective measures.

        The loss is of the whole batch: of what is known of each image, a few numbers, whose
        gradients then go back through the networks part by part.
        """
        num, num_processes = eps.shape[-2], self._processes.num
        share = self._processes.share(num)
        eps = eps[..., share, :]
        parts = list(_parts(len(x), self._part)) or [slice(0, 0)]
        self._is_awaited = self._is_always_awaited
        made = self._each(x, eps) if len(parts) == 1 else None
        own = OfEach(*(tensor.detach() for tensor in made or self._in_parts(x, eps)))
        self._is_awaited = num_processes > 1
        known = OfEach(*(t.requires_grad_() for t in self._processes.together(own, num)))
        measures = self._objective.measure(self._state.model.terms(known), weights)
        measures["loss"].backward()  # type: ignore[no-untyped-call]
        for part in parts:
            is_last = part is parts[-1]
            with contextlib.nullcontext() if is_last else self._processes.apart():
                each = made or self._each(x[part], eps[..., part, :])
                told = [
                    (tensor, num_processes * whole.grad[..., share, :][..., part, :])
                    for tensor, whole in zip(each, known, strict=True)
                    if whole.grad is not None and tensor.requires_grad
                ]
                torch.autograd.backward([tensor for tensor, _ in told], [grad for _, grad in told])
        return measures

    def _each(self, x: Tensor, eps: Tensor) -> OfEach:
        """What the networks make of each image."""
        with self._autocast:
            if self._compiled and len(x) == self._share_size:  # others would be compiled too
                try:
                    return self._processes.run(self._compiled, x, eps)
                except (RuntimeError, OSError) as error:  # no compiler, say
                    if _is_of_memory(error):
                        raise
                    self._compiled = None
                    reason = str(error).splitlines()[0]
                    self.told.append(f"The networks could not be compiled: {reason}.")
            return self._processes.run(self._state.model.each, x, eps)

    @torch.no_grad()
    def _in_parts(self, x: Tensor, eps: Tensor) -> OfEach:
        """The same for a batch that does not fit at once; running means stay as they are."""
        parts = list(_parts(len(x), self._part))
        all_of_them = [self._each(x[part], eps[..., part, :]) for part in parts]
        self._guard.restore_statistics()
        return OfEach(*(torch.cat(tensors, -2) for tensors in zip(*all_of_them, strict=True)))

    def _make_room(self, num_images: int) -> None:
        """Halve the parts, and forget what the step that did not fit has left."""
        if self._is_awaited:
            raise InputError(
                f"A batch of {self._batch_size:,} does not fit into the memory of "
                f"{self._processes.num} processes: choose a smaller train.batch_size, or start "
                "more of them."
            )
        self._state.optimizer.zero_grad(set_to_none=True)
        self._guard.restore_statistics()
        device = self._state.device.type
        if num_images == 1:
            raise InputError(
                f"Not even one image fits into the memory of {device}: choose a smaller "
                "data.image_size or fewer model.channels."
            )
        self._part = num_images // 2
        if device == "cuda":
            torch.cuda.empty_cache()
        self.told.append(
            f"A batch of {self._batch_size:,} does not fit into the memory of {device}: each step "
            f"now takes it in parts of {self._part:,}. The loss is the same; a smaller "
            "train.batch_size would be quicker."
        )

    def _may_be_recorded(self, images: Tensor) -> bool:
        return (
            can_record(self._state.device)
            and self._processes.num == 1
            and self._recorded is None
            and self._num_taken > WARM_STEPS
            and len(images) == self._batch_size == self._part
        )

    def _others(self) -> list[Tensor]:
        """All that a step changes beside the parameters."""
        of_optimizer = [
            value
            for state in self._state.optimizer.state.values()
            for value in state.values()
            if isinstance(value, Tensor)
        ]
        return [*self._state.model.buffers(), *self._guard.statistics, *of_optimizer]

    def _set_lr(self, lr: float) -> None:
        for group in self._state.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr)
            else:
                group["lr"] = lr


def _parts(num: int, size: int) -> Iterator[slice]:
    """Slices of at most `size`, which cover `num` images."""
    return (slice(start, min(num, start + size)) for start in range(0, num, size))


def _is_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in str(error) for words in NO_MEMORY
    )
