"""The processes that train one model together: each takes its share of every batch.

N images of a batch, K processes. What the networks make of each image is a few numbers, which all
processes are told; so each computes the loss of the whole batch, sends the gradients of its own
images back through the networks, and DistributedDataParallel sums those of the weights. The first
process alone reads requests and writes the run.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vae.errors import ExplainedError, InputError
from vae.model.batch_norm import BatchNorm2d
from vae.model.networks import VAE, OfEach
from vae.option_choices import REQUESTS, Request
from vae.runs.torchrun import Place

OF_OTHERS = ("gloo", "NCCL", "peer", "Socket")  # what torch says where another process is gone
# Every process computes the same running means by itself. (The second is what torch 2.11 calls it.)
SYNC_BUFFERS = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")
    if name in inspect.signature(DistributedDataParallel).parameters
)
FAILURE = "failure"  # where a process leaves the reason why it ended

Asked = Callable[[], Request | Literal[""]]  # what is asked for, "" for nothing
Each = Callable[[Tensor, Tensor], OfEach]


class LostError(ExplainedError):
    """Another of the processes is gone."""


class _Networks(nn.Module):
    """What DistributedDataParallel wraps: any way to call the networks of a model."""

    def __init__(self, model: VAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, each: Each, x: Tensor, eps: Tensor) -> OfEach:
        return each(x, eps)


class Processes:
    """The processes of a training, as one of them sees them."""

    def __init__(self, place: Place, store: Any = None) -> None:
        self.place, self.num = place, place.world_size
        self._store = store
        self._networks: DistributedDataParallel | None = None
        self._asked: tuple[Tensor, dist.Work | None] | None = None  # in the step before
        self._is_told = False

    @property
    def is_first(self) -> bool:
        return self.place.rank == 0

    # ------------------------------------------------------------------------- in each step

    def share(self, num: int) -> slice:
        """Which of `num` images are this one's. None, where there are fewer than processes."""
        rank = self.place.rank
        return slice(rank * num // self.num, (rank + 1) * num // self.num)

    def together(self, own: OfEach, num: int) -> OfEach:
        """What all make of the `num` images of a batch, from what this one makes of its share."""
        if self.num == 1:
            return own
        share = self.share(num)
        wholes = [t.new_zeros((*t.shape[:-2], num, t.shape[-1])) for t in own]
        for whole, part in zip(wholes, own, strict=True):
            whole[..., share, :] = part
        flat = torch.cat([whole.flatten() for whole in wholes])
        dist.all_reduce(flat)  # each number beside zeros, so that the sum is the number
        pieces = torch.split(flat, [whole.numel() for whole in wholes])
        return OfEach(*(p.view_as(w) for p, w in zip(pieces, wholes, strict=True)))

    def wrap(self, model: VAE) -> None:
        """Train `model`: from now on all have the weights of the first. Call it on all at once."""
        if self.num == 1:
            return
        for module in model.modules():
            if isinstance(module, BatchNorm2d):
                module.is_shared = True
        options: Any = {SYNC_BUFFERS: False}
        self._networks = DistributedDataParallel(_Networks(model), **options)
        # Of weights of one number a channel, in whose place in memory nothing is lost.
        warnings.filterwarnings("ignore", "Grad strides do not match")
        before = [buffer.clone() for buffer in model.buffers()]
        model.train()
        # Its buckets take their final order after a first pass: before it, not after the first
        # step, so that a resumed run sums in the same order as one that never stopped.
        none = next(model.parameters()).new_zeros((0, *model.image_shape))
        each = self.run(model.each, none, none.new_zeros((0, model.latent_dim)))
        given = [tensor for tensor in each if tensor.requires_grad]
        torch.autograd.backward(given, [torch.zeros_like(tensor) for tensor in given])
        model.zero_grad()
        for buffer, value in zip(model.buffers(), before, strict=True):
            buffer.copy_(value)

    def run(self, each: Each, x: Tensor, eps: Tensor) -> OfEach:
        """`each` of the images, so that the gradients that it leaves become those of all."""
        if self._networks is None:
            return each(x, eps)
        of_each: OfEach = self._networks(each, x, eps)
        return of_each

    def apart(self) -> contextlib.AbstractContextManager[None]:
        """In here gradients add up without being those of all: more of the share is to come."""
        return contextlib.nullcontext() if self._networks is None else self._networks.no_sync()

    def agreed(self, ask: Asked) -> Request | Literal[""]:
        """What any of them was asked in the step before, so that none waits for an answer.

        The same on all. Call it once a step.
        """
        if self.num == 1:
            return ask()
        number, work = self._asked or (torch.zeros(1, dtype=torch.int32), None)
        if work is not None:
            work.wait()
        self._asked = None
        if number.item():
            return REQUESTS[int(number.item()) - 1]
        request = ask()
        number = torch.tensor([1 + REQUESTS.index(request) if request else 0], dtype=torch.int32)
        self._asked = number, dist.all_reduce(number, dist.ReduceOp.MAX, async_op=True)
        return ""

    # ------------------------------------------------------------------ beginning and end

    def told(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document of the first, on all of them; they wait for it.

        Raises LostError where the first ended before it had one.
        """
        if self.num == 1:
            return document
        self._is_told = True
        text = torch.frombuffer(bytearray(json.dumps(document).encode()), dtype=torch.uint8)
        length = torch.tensor([len(text)])
        dist.broadcast(length, 0)
        text = text if self.is_first else torch.empty(int(length), dtype=torch.uint8)
        dist.broadcast(text, 0)
        result: dict[str, Any] = json.loads(text.numpy().tobytes())
        if FAILURE in result and not self.is_first:
            raise LostError(result[FAILURE])
        return result

    def check_step(self, step: int) -> None:
        """Raises InputError unless all go on from the same step."""
        if self.num == 1:
            return
        ends = torch.tensor([step, -step])
        dist.all_reduce(ends, dist.ReduceOp.MAX)
        last, first = int(ends[0]), -int(ends[1])
        if first != last:
            raise InputError(
                f"Some processes found the run at step {first:,}, others at step {last:,}: its "
                "folder must be one that all machines share."
            )

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """In here an error that another process is gone becomes a LostError that says why."""
        try:
            yield
        except LostError:
            raise
        except Exception as error:
            if self.num == 1:
                raise
            if isinstance(error, ExplainedError) or not _is_of_others(error):
                self._leave_reason(error)
                raise
            raise LostError(self._reason()) from error

    def _leave_reason(self, error: Exception) -> None:
        with contextlib.suppress(RuntimeError):  # torchrun is gone too
            self._store.set(FAILURE, str(error))
            if self.is_first and not self._is_told:  # for which the others wait
                self.told({FAILURE: str(error)})

    def _reason(self) -> str:
        with contextlib.suppress(RuntimeError):
            if self._store.check([FAILURE]):
                return str(self._store.get(FAILURE), "utf-8", "replace")
        return (
            f"One of the {self.num} processes of this training was lost: Resume, or the same "
            "command again, goes on from the last checkpoint."
        )

    def leave(self) -> None:
        """End what this one shares with the others."""
        if self._asked and self._asked[1]:
            self._asked[1].wait()
        self._networks = None
        dist.destroy_process_group()

    def break_off(self) -> None:
        """The same where something went wrong: a process that ends without may be aborted.

        Not where NCCL has begun, which might wait for a process that is gone.
        """
        has_begun = self._networks is not None
        if not (has_begun and torch.cuda.is_available()):
            dist.destroy_process_group()


ALONE = Processes(Place())


def _is_of_others(error: Exception) -> bool:
    is_of_torch = isinstance(error, RuntimeError)
    return is_of_torch and any(words in str(error) for words in OF_OTHERS)
