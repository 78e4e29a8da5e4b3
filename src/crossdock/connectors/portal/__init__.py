"""The supplier portal as a system: orders go to the supplier's list, what suppliers do there comes in as messages."""
