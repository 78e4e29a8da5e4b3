"""Drills that were held, what they cost, and what going live still waits for; read only."""
