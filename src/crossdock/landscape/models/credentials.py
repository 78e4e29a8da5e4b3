"""The part of `policies.yaml` about credentials: how often they are renewed, how long old and new count beside each other, when to warn."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from crossdock.landscape.models.base import Duration, Name, Strict


class CredentialRule(Strict):
    """How credentials are renewed; the first fitting entry counts."""

    system: Annotated[Name | None, Field(description="The system; absent: all.")] = None
    purpose: Annotated[
        Name | None, Field(description="What the credential is for (`api_key`, `webhook_secret`); absent: all.")
    ] = None
    every: Annotated[Duration, Field(description="How old a credential may become.")] = timedelta(days=365)
    warn: Annotated[Duration, Field(description="How long before that, or before it expires, its owner is told.")] = timedelta(
        days=14
    )
    overlap: Annotated[Duration, Field(description="How long the old one counts beside the new one.")] = timedelta(days=1)
    automatic: Annotated[
        bool, Field(description="`true`: the hub itself renews it in time, where the system lets it; else a person asks for it.")
    ] = False
