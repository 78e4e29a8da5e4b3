"""Connector for Stripe: signed webhooks in, captures, cancellations and refunds out, payouts split to orders and fees."""
