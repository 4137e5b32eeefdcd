"""The run folder: its files, its log of events, its processes. Imports no torch and no numpy."""
