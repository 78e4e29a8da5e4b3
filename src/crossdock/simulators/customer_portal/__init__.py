"""A simulated customer's portal: takes signed webhooks, each once."""

from crossdock.simulators.customer_portal.simulator import CustomerPortal

__all__ = ["CustomerPortal"]
