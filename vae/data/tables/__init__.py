"""Tables and their columns: read, matched with the images, and what did not fit."""
