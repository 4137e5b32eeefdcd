"""The latent space of a trained model: posterior means, paths, maps, mixtures, neighbours."""
