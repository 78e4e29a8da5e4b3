"""Bringing partners to live: new ones from a template, tests, the go-live checklist, and their states."""
