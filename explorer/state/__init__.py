"""What the page knows: the chosen run, caches, what is kept between page runs."""
