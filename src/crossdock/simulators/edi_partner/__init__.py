"""A simulated trading partner on loopback: supplier, retailer or third-party warehouse that speaks X12 and misbehaves on command."""

from __future__ import annotations

from crossdock.simulators.edi_partner.behaviour import Behaviour
from crossdock.simulators.edi_partner.partner import EdiPartner

__all__ = ["Behaviour", "EdiPartner"]
