"""Several regions: what leaves one, how reports are told and compared, and what a coordinator makes of them."""
