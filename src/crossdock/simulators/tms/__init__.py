"""A simulated transport management system over the REST contract (connectors/tms/openapi.yaml)."""

from crossdock.simulators.tms.rest import Tms

__all__ = ["Tms"]
