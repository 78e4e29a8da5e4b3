"""The supplier portal: purchase orders answered, ship notices, labels and invoices, for suppliers without EDI."""
