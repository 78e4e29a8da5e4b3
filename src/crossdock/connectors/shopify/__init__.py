"""Connector for Shopify: signed webhooks in, fulfilments, tracking events, stock and cancellations out."""
