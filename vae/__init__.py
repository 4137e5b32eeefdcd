"""A variational autoencoder for images: model, data, training and latent tools."""

__version__ = "0.1.0"
