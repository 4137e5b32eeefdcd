"""A step of training recorded as one graph of a GPU, whose many kernels one call then starts.

A small network keeps a GPU busy for less time than Python needs to start its kernels one by one.
See "CUDA Graphs" in the documentation of PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vae.training.objectives import Weights

Take = Callable[[Tensor, Tensor, Weights], tuple[Tensor, Tensor]]
# A recorded step and the same one taken kernel by kernel may differ by this part of the change that
# they make: sums on a GPU are not always in the same order.
TOLERANCE = 0.05


def can_record(device: torch.device) -> bool:
    """Whether steps can be recorded on this device."""
    return device.type == "cuda"


class Recorded:
    """A step that is taken again and again with other images, noise and weights of the loss.

    It is tried before it is used: where it can't be recorded, or doesn't do what the step does,
    `problem` says so, and it suits nothing.
    """

    def __init__(
        self,
        take: Take,
        parameters: Sequence[Tensor],
        others: Sequence[Tensor],
        inputs: tuple[Tensor, Tensor],
        weights: Weights,
    ) -> None:
        """`parameters` and `others` are all tensors that `take` changes: left as they are."""
        self._images, self._eps = (tensor.clone() for tensor in inputs)
        device = self._images.device
        beta, capacity = (_on(device, weight) for weight in weights)
        self._weights = Weights(0.0 if beta is None else beta, capacity)
        self._replay: Callable[[], None] = lambda: None
        self._result: tuple[Tensor, Tensor] | None = None
        self.problem = ""
        changed, num = [*parameters, *others], len(parameters)
        before = [tensor.detach().clone() for tensor in changed]
        try:
            take(self._images, self._eps, self._weights)
            wanted = [tensor.detach().clone() for tensor in parameters]
            _set(changed, before)
            self._replay, self._result = record(lambda: take(*self._inputs))
            _set(changed, before)
            self._replay()
            error, change = _distance(parameters, wanted), _distance(before[:num], wanted)
            is_same = error <= TOLERANCE * change
            self.problem = "" if is_same else "it came to other weights"
        except RuntimeError as error:
            self.problem = str(error).splitlines()[0]
        if self.problem:
            self._result = None
            self.problem = f"Steps are not recorded as one graph on this GPU: {self.problem}."
        _set(changed, before)

    @property
    def _inputs(self) -> tuple[Tensor, Tensor, Weights]:
        return self._images, self._eps, self._weights

    def suits(self, images: Tensor, eps: Tensor) -> bool:
        """Whether such a batch can be taken."""
        same = images.shape == self._images.shape and eps.shape == self._eps.shape
        return same and self._result is not None

    def __call__(self, images: Tensor, eps: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        """Take the step, as `take` would. The result is the caller's own."""
        self._images.copy_(images)
        self._eps.copy_(eps)
        for ours, theirs in zip(self._weights, weights, strict=True):
            if isinstance(ours, Tensor):
                ours.fill_(theirs)  # type: ignore[arg-type]
        self._replay()
        assert self._result is not None
        means, is_bad = self._result
        return means.clone(), is_bad.clone()


def record(
    step: Callable[[], tuple[Tensor, Tensor]],
) -> tuple[Callable[[], None], tuple[Tensor, Tensor]]:
    """What runs the step again, and where its result then lies. On the GPU."""
    graph = torch.cuda.CUDAGraph()
    # Meanwhile another thread reads the next batch into pinned memory.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        result = step()
    return graph.replay, result


def _on(device: torch.device, weight: float | Tensor | None) -> Tensor | None:
    return None if weight is None else torch.full((), float(weight), device=device)


@torch.no_grad()
def _set(tensors: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)


@torch.no_grad()
def _distance(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """Root of the summed squares of all differences."""
    pairs = zip(ours, theirs, strict=True)
    squares = [(a.double() - b.double()).square().sum() for a, b in pairs]
    return float(torch.stack(squares).sum().sqrt())
