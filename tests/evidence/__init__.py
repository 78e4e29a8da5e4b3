"""Exports of the audit chain and evidence packs."""
