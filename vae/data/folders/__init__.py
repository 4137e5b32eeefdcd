"""Files in folders: listed, each once, and sorted out."""
