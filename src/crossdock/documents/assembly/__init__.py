"""Canonical objects out of neutral parts: what is decided about a document whatever its syntax is decided here once; knows no segment and no element."""
