"""Sliders along directions: built in, saved, and what moving them changes."""
