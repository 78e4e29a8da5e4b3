"""Credentials by reference: where they are kept, how they are read, renewed and withdrawn; never shows a value."""
