"""Bulk jobs over many exceptions: plan, confirm, progress, stop, report."""
