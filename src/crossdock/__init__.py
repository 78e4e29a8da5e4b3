"""Crossdock: the governed integration hub for supply chains that run on Odoo."""

__version__ = "0.1.0"
