"""ASC X12: envelopes, writing, guides applied, and the acknowledgements 997, 999 and TA1."""
