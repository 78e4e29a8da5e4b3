"""How this hub is set up: what stands in its landscape and environment, read only."""
