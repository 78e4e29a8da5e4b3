"""Connector for Adyen: signed notifications in, captures, cancellations and refunds out, settlement reports split to orders and fees."""
