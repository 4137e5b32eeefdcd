"""One image: opened, made upright, square and 8 bits, by one rendering for a whole source."""
