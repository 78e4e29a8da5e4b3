"""Live updates: server-sent events from one poller for all browsers."""
