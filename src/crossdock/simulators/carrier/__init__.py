"""Simulated carriers on loopback: UPS and DHL Express as their clients see them."""

from crossdock.simulators.carrier.dhl_express import DhlExpress
from crossdock.simulators.carrier.ups import Ups

__all__ = ["DhlExpress", "Ups"]
