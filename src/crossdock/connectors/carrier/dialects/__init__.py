"""What karrio does not do for a carrier: amend its requests, read its answers exactly, search by reference. One module per carrier.

Imports the standard library only, because both the hub and the carrier process use it. A carrier without a module here works through
karrio alone (`Dialect`): its bookings cannot be searched by reference, and its amounts come through a float.
"""

from crossdock.connectors.carrier.dialects.base import Dialect, Label, Scan, dialect_of

__all__ = ["Dialect", "Label", "Scan", "dialect_of"]
