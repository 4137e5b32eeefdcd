"""How typical a point of the latent space is of the data, in a bar and a sentence.

D latent dimensions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.components import scripts
from explorer.state import cache
from explorer.state.session import Session
from vae.errors import ExplainedError

if TYPE_CHECKING:
    from vae.latent.aggregate import Aggregate
    from vae.latent.fitted_flow import FittedFlow


HELP = (
    "The density at this point, of the flow fitted to the codes or else of the aggregate "
    "posterior, compared with the density at the posterior means of validation images. Far below "
    "all of them, the decoder has seen nothing similar and makes things up. A denser point is more "
    "average, not better."
)


@st.cache_resource(max_entries=2, show_spinner=False)
def _densities(
    _flow: FittedFlow, path: str, told: tuple[cache.Stamp | None, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """log p(z) of the flow at each posterior mean in a file, sorted, and where z says something.

    [N], [D]. The others are left at 0, since samples differ from means there. Raises InputError
    where there are too few means, or none of the dimensions is active.
    """
    from vae.latent.aggregate import active_dimensions
    from vae.latent.encoding import load_latents
    from vae.latent.flow_paths import log_prob_of

    mu = load_latents(Path(path)).mu
    active = active_dimensions(mu)
    return np.sort(log_prob_of(_flow.flow, mu * active)), active


@st.cache_resource(max_entries=2, show_spinner=False)
def _aggregate(path: str, now: cache.Stamp) -> Aggregate:
    from vae.latent.aggregate import fit_aggregate
    from vae.latent.encoding import load_latents

    latents = load_latents(Path(path))
    return fit_aggregate(latents.mu, latents.logvar, seed=0)


def share_of(session: Session, z: Any) -> float | None:
    """How typical z [D] is of the data, in [0, 1]; None without posteriors to compare with.

    Raises InputError where there are too few of them.
    """
    run, latents = session.run, session.latents()
    now = cache.stamp(run.latents_file)
    if now is None or latents is None or latents.mu.shape[1] != len(z):
        return None
    fitted = session.flow()
    if fitted is not None and fitted.flow.latent_dim == len(z):
        from vae.latent.flow_paths import log_prob_of

        told = now, cache.stamp(run.flow_file)
        known, active = _densities(fitted, str(run.latents_file), told)
        here = log_prob_of(fitted.flow, (np.asarray(z, np.float32) * active)[None])
        return float(np.searchsorted(known, here[0]) / len(known))
    return _aggregate(str(run.latents_file), now).typicality(np.asarray(z, np.float64))


def show(session: Session, z: Any) -> None:
    """How typical z [D] is of the data, in words, once there are posteriors to compare with."""
    try:
        share = share_of(session, z)
    except ExplainedError as error:
        st.caption(str(error))
        return
    if share is None:
        return
    st.html(
        f"{scripts.style(__file__)}<div class='typical' title='{HELP}'>Typicality"
        f"<div class='bar' role='img' aria-label='Typicality'><i style='width:{share:.1%}'></i>"
        f"</div>{words_of(share)}</div>"
    )


def words_of(share: float) -> str:
    """A share in [0, 1] of the data's own images as a sentence."""
    if share < 0.005:
        return "Less typical than every image in the data set."
    return f"More typical than <b>{share:.0%}</b> of the images in the data set."
