"""How a model learns: the loop, what it minimises, its schedules."""
