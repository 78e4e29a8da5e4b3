"""A simulated Stripe account."""

from crossdock.simulators.stripe.simulator import Stripe

__all__ = ["Stripe"]
