"""The panel Animation: the same noise decoded over training."""
