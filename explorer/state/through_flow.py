"""The fixed noise of a run on its way through the flow that was fitted to its codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from explorer.state.session import Session
from vae.errors import ExplainedError
from vae.pictures import Pixels

if TYPE_CHECKING:
    from vae.model.flow import Flow
    from vae.model.networks import VAE


@dataclass(frozen=True)
class ThroughFlow:
    """The noise of a run's previews, its model, and the flow."""

    identity: str  # of the flow
    seed: int
    model: VAE
    flow: Flow

    @property
    def sheets(self) -> list[Pixels]:
        """On the way, the last one through it. Made when first asked for, in a second or two."""
        from vae.latent.fixed_noise import NUM_THROUGH_FLOW

        return _sheets(self.identity, self.seed, NUM_THROUGH_FLOW, self.model, self.flow)

    @property
    def last(self) -> Pixels:
        """The last of them alone, which takes less."""
        return _sheets(self.identity, self.seed, 1, self.model, self.flow)[0]


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheets(identity: str, seed: int, num: int, _model: VAE, _flow: Flow) -> list[Pixels]:
    from vae.latent import fixed_noise

    return fixed_noise.through_flow(_model, _flow, seed, num)


def through_flow(session: Session) -> ThroughFlow | None:
    """None where the weights in use have no flow, or cannot be used."""
    try:
        loaded, fitted = session.model(), session.flow()
    except ExplainedError:
        return None
    if loaded is None or fitted is None:
        return None
    seed = session.run.config(session.events()).train.seed
    return ThroughFlow(fitted.identity, seed, loaded[0], fitted.flow)
