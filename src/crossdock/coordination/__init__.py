"""Several regions seen from one place: what a region's hub tells the coordinator, by which allow-list, signed and in order; never payloads."""
