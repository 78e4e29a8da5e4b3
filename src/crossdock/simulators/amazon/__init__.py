"""A simulated Amazon for one seller account."""

from crossdock.simulators.amazon.simulator import Amazon

__all__ = ["Amazon"]
