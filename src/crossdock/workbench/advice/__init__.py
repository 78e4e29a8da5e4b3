"""Which operating model fits this landscape, with the arithmetic; what `crossdock advise` says, read only."""
