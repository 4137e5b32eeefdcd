"""The panel Model: what is minimised, what was learnt, what is wrong."""
