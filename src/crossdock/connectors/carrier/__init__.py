"""Carriers through karrio, which runs in a process of its own: booking with label, cancelling, tracking, rates."""
