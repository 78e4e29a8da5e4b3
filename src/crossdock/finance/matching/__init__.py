"""Entries of statements matched to what is open: invoices, credit notes, transfers of our own; every score is explained."""
