"""The review board: change requests with their evidence, approvals, promotion and the way back, waivers, the decision log."""
