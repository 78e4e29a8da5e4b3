"""Engines: who owns which partition. Ownership is always somebody else's proven mechanism; the hub only asks."""
