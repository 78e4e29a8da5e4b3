"""Connector for WooCommerce: signed webhooks in, shipments, notes, stock and cancellations out."""
