"""Electronic data interchange as a library of its own: X12, EDIFACT, guides, acknowledgements. Knows no hub."""
