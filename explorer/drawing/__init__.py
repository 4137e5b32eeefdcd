"""Pictures and charts for the page."""
