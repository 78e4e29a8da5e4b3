"""Drills: trouble made on purpose against the real hub and simulated systems, and what it cost, measured there; decides nothing for the hub."""
