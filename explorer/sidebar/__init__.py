"""The sidebar: which run, its controls, a new run."""
