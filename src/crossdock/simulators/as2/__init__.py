"""A simulated AS2 partner: receives, checks, answers with receipts, and misbehaves on request."""
