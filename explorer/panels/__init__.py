"""The six panels, one file each: show(session)."""
