"""Backup and restore: the ledger, its payload claims and the vault's files, whole and verified, while the hub works; decides nothing for it."""
