"""The data sets of torchvision."""
