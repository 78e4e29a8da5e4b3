"""The chaos test: see `storm`."""
