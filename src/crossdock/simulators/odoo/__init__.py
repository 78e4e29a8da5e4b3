"""A simulated Odoo 19 Community (or 16-18 over JSON-RPC), in memory; see README.md for what it covers."""

from crossdock.simulators.odoo.server import Latency, Odoo

__all__ = ["Latency", "Odoo"]
