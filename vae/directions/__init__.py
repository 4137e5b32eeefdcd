"""Directions of the latent space, kept by what defines them; pure functions of posterior means."""
