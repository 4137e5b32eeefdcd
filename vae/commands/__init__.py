"""The commands of `python -m vae`."""
