"""Connectors: one folder per kind of system, all of one shape, found by the entry point group `crossdock.connectors`."""
