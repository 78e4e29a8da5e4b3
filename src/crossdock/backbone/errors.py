"""What can be wrong with what is published and with schemas that are registered."""

from __future__ import annotations

from crossdock.core.errors import Rejected


class NotReplayable(Rejected):
    """What is to be told again cannot be told."""

    code = "backbone.not_replayable"
    hint = "Name a subscriber of the landscape that is enabled, and a time after which events are still kept."


class RegistryRefused(Rejected):
    """A schema registry request that is refused; `detail` has the API's own error code."""

    code = "backbone.registry_refused"
    hint = "The error code is that of the schema registry API; 409 means that readers of the other version would stumble."

    def __init__(self, error_code: int, message: str) -> None:
        super().__init__(message, error_code=error_code)
        self.error_code = error_code
