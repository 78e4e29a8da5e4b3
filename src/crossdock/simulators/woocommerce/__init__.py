"""A simulated WooCommerce shop."""

from crossdock.simulators.woocommerce.simulator import WooCommerce

__all__ = ["WooCommerce"]
