"""Odoo 16-19 as a system of the hub: orders, transfers and stock over its public API, with no add-on in Odoo."""
