"""Parts of the page that several panels use."""
