"""What is wrong with a run, by its events, and what would help."""
