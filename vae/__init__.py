"""A variational autoencoder for images: model, data, training and latent tools.

What a notebook needs is offered here by name, and imported when it is first asked for: see vae.api.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["dataset", "decode", "encode", "grid", "interpolate", "load", "sample", "save"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("vae.api"), name)
    raise AttributeError(f"module 'vae' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
