"""Monitoring: what is wrong, who is told, by which way, and what is usual; decisions are pure, sending happens in a process of its own."""
