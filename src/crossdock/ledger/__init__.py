"""The ledger: one SQL schema on SQLite and PostgreSQL that remembers messages, events, deliveries and their audit chain. Nobody else writes SQL."""
