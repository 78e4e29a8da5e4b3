"""The simulated models, one module per application; each knows the wire names and rules of its own part."""
