"""People, their sign-in, roles and sessions, and the keys of services."""
