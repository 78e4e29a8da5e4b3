"""Writes the reference pages from the code, so that they cannot say anything else."""
