"""Who may do what: roles, scopes, keys; decisions only, no framework and no database."""
