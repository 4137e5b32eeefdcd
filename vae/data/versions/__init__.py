"""Some images of a source: data versions, and copies of their files."""
