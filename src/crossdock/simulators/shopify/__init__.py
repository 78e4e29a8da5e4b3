"""A simulated Shopify shop."""

from crossdock.simulators.shopify.simulator import Shopify

__all__ = ["Shopify"]
