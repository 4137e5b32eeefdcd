"""What a trained run is measured by: its evaluation and its samples."""
