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


HELP = (
    "The density at this point, of the flow fitted to the codes or else of the aggregate "
    "posterior, compared with the density at the posterior means of images that were left out. "
    "Far below all of them, the decoder has seen nothing similar and makes things up. A denser "
    "point is more average, not better."
)


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
        from vae.latent.aggregate import active_dimensions

        active_dimensions(latents.mu)  # where there are none, nothing can be said
        here = fitted.log_prob(np.asarray(z, np.float32)[None])
        return float(np.searchsorted(fitted.typical, here[0]) / len(fitted.typical))
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
