"""Statements of banks: camt.052, camt.053, camt.054 and MT940 as canonical statements."""
