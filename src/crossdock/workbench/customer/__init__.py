"""What customers' portals ask and open: their own orders, shipments, invoices and returns, over the API."""
