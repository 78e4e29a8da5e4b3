"""A bank that exchanges files: transfers out, statements and status reports in."""
