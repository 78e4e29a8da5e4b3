"""A simulated Adyen merchant account."""

from crossdock.simulators.adyen.simulator import Adyen

__all__ = ["Adyen"]
