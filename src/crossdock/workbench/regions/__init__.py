"""Several regions on one page: last heard, what is stuck where and what it costs, which bundle runs where; metadata only, changes nothing."""
