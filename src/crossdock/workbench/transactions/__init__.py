"""The page of one order, shipment, invoice or return: found by any of its names, with its whole course."""
