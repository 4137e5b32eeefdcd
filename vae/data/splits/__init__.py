"""Which images train, validate, or are kept apart."""
