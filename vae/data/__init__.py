"""Images to train on: found where they lie, imported once, taken by index."""
