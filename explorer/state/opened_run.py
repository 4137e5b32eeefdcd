"""What a panel works on once a run is open: its weights in use and its images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from explorer.state import coming, moved_images
from explorer.state.session import Session
from vae.errors import ExplainedError, ImagesGoneError
from vae.runs.folder import Run

if TYPE_CHECKING:
    from vae.data.dataset import Dataset
    from vae.data.images.decoding import Rendering
    from vae.model.checkpoints import Weights
    from vae.model.networks import VAE


@dataclass(frozen=True)
class OpenedRun:
    """A run that has weights, as one drawing of a panel sees it."""

    session: Session
    model: VAE
    weights: Weights

    @property
    def run(self) -> Run:
        return self.session.run

    @cached_property
    def dataset(self) -> Dataset:
        """The run's images. Raises ImagesGoneError where they are gone."""
        return self.session.dataset()

    @property
    def rendering(self) -> Rendering:
        """How a picture is made into an image such as those of the run."""
        from vae.data.images.one_picture import rendering_of

        manifest = self.dataset.manifest if self.has_images() else {}
        config = self.run.config(self.session.events())
        return rendering_of(config.data, self.model.image_shape, manifest)

    def has_images(self) -> bool:
        """Whether the run's images are still there."""
        try:
            return len(self.dataset) > 0
        except ExplainedError:
            return False


def opened(session: Session) -> OpenedRun | None:
    """The run with its weights in use; None before the first checkpoint.

    Raises InputError where the weights cannot be used.
    """
    loaded = session.model()
    return None if loaded is None else OpenedRun(session, *loaded)


def show_opened(session: Session, what: str, *, with_images: bool = False) -> OpenedRun | None:
    """The run with its weights in use, or None once the page says why there is none.

    `what`: comes with the first weights, as `coming.words` has it. `with_images`: where they
    are gone, the page asks for their new place.
    """
    try:
        run = opened(session)
        if run is not None and with_images:
            len(run.dataset)  # where they are gone it says so here
    except ImagesGoneError as gone:
        moved_images.ask(session, gone)
        return None
    except ExplainedError as error:
        st.error(str(error), icon=":material/error:")
        return None
    if run is None:
        st.info(
            f"**This run has no weights yet.** {coming.words(session, what)}",
            icon=":material/hourglass_empty:",
        )
    return run
