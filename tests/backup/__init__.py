"""Backups: what is stored is what was there, and what was altered is seen."""
