"""The VAE itself: networks, posterior, likelihoods, the elbo, and its files."""
