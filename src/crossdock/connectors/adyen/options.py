"""The `options:` block of an Adyen system; knows no wire format."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.connectors.base import Options


class AdyenOptions(Options):
    """Settings of one merchant account.

    Credentials: `api_key`, `hmac_key` (and `hmac_key_previous` while it is being changed), `webhook_password` with `webhook_user`,
    and for settlement reports `report_user` and `report_password`.
    """

    merchant_account: Annotated[str, Field(min_length=1, max_length=80)]
    live: bool | None = None
    """When given, notifications of the other platform (test or live) are refused."""
    webhook_user: str = ""
    """The user name of the webhook's basic authentication; its password is the credential `webhook_password`. Empty: none is asked for."""
    capture: Literal["manual", "automatic"] = "manual"
    """`automatic`: the account captures by itself and tells only the authorisation, which is then a capture too."""
    api_version: Annotated[str, Field(pattern=r"^v\d{2,3}$")] = "v71"
    shop: str = ""
    """The system whose order numbers are the payments' merchant references; without it, an order is found by the payment only."""
    key_days: Annotated[int, Field(ge=1, le=7)] = 6
    """How long after a command was first sent it may be sent again under its key; Adyen keeps keys for at least seven days."""
    reports_endpoint: str = ""
    """Where reports are downloaded (`https://ca-live.adyen.com`); empty: no settlement reports."""
    first_batch: Annotated[int, Field(ge=1)] = 1
    """The settlement batch the first poll begins with."""
    settle_seconds: Annotated[float, Field(ge=0)] = 5.0
    """How long after a lost answer its request may still be under way."""
