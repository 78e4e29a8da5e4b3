"""Money as pure functions: statements read, payments matched, transfers and journals written, books compared; no I/O, no clock, no hub."""
