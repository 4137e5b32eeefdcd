"""What a panel is a function of: the chosen run, and what its folder says now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.state import cache
from vae.config import Config
from vae.errors import ExplainedError
from vae.runs.events import Event, evaluation_at, images_of, measured, numbered
from vae.runs.folder import ALIVE, Run, data_cache
from vae.runs.history import step_in_use

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.latent.encoding import Latents
    from vae.latent.fitted_flow import FittedFlow
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE


@dataclass(frozen=True)
class Session:
    """The run that the page is about; everything is read anew, through bounded caches."""

    root: Path
    run: Run

    def events(self) -> list[Event]:
        """Every event of the run, oldest first."""
        return cache.events(self.run.events_file)

    def status(self) -> str:
        """The run's status."""
        is_locked = cache.is_locked(str(self.run.folder))
        status = self.run.status(self.events(), is_locked)
        # A trainer that has just ended looks like one that starts until the lock is probed anew.
        return self.run.status() if status == "starting" else status

    def is_alive(self) -> bool:
        """Whether a trainer works on the run now."""
        return self.status() in ALIVE

    def config(self) -> Config | None:
        """The run's config, or None while it has none that can be read."""
        try:
            return self.run.config(self.events())
        except ExplainedError:
            return None

    def model(self) -> tuple[VAE, Weights] | None:
        """The model in use and what its file says; None before the first checkpoint.

        Raises InputError where the weights cannot be used.
        """
        return cache.model(self.run)

    def flow(self) -> FittedFlow | None:
        """The flow fitted to the codes of the weights in use; None where there is none.

        Raises InputError where the weights cannot be used.
        """
        found = self.model()
        return None if found is None else cache.flow(self.run, found[1].digest)

    def dataset(self) -> Dataset:
        """The run's images. Raises InputError where they are gone."""
        events = self.events()
        config = self.run.config(events)
        return cache.dataset(config.data, str(data_cache(self.root)), images_of(events))

    def latents(self) -> Latents | None:
        """Posterior means of validation images, as of the newest evaluation up to those weights."""
        return cache.latents(self.run.latents_file)

    def evaluation(self) -> Event:
        """The evaluation of the weights in use, or the newest before them; empty without one."""
        return evaluation_at(measured(self.events()), step_in_use(self.run))

    def kl_per_dim(self) -> list[float]:
        """KL of each dimension in nats, of that evaluation; empty without one."""
        return numbered(self.evaluation(), "kl")

    def dimensions(self) -> list[int]:
        """Latent dimensions, the most informative (largest KL) first."""
        return [int(j) for j in np.argsort(self.kl_per_dim())[::-1]]
