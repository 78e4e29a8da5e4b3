"""Proof for somebody outside: exports of the audit chain, their verification, and evidence packs; decides nothing and changes no ledger."""
