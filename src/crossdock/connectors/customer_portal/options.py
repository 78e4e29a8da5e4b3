"""Settings of a customer's portal: whose orders it speaks of, and where it is told of its returns."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.connectors.base import Options


class CustomerPortalOptions(Options):
    """The `options:` of a system of kind `customer_portal`: one system per portal, so that each sees its own and nothing else."""

    shops: Annotated[
        tuple[str, ...],
        Field(
            min_length=1, description="The systems whose orders this portal speaks of: a shop, or the EDI system of a partner."
        ),
    ]
    webhooks: Annotated[
        bool, Field(description="Post what becomes of returns to the system's endpoint, signed. Otherwise the portal asks.")
    ] = False
    tolerance_seconds: Annotated[
        int, Field(ge=1, le=3600, description="How far the timestamp of a signed request may be off.")
    ] = 300
    timeout: Annotated[int, Field(ge=1, le=120, description="Seconds one webhook may take.")] = 15
