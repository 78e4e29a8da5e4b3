"""A trading partner that exchanges EDI documents."""
