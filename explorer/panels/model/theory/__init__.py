"""The objective as formulas and curves."""
