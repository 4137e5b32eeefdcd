"""The panel Live: a run while it trains."""
