"""Stand-ins for the outside systems, for the demo and the tests; know nothing of the hub."""
