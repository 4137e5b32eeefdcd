"""The panel Map: the images by their posterior means."""
