"""The `options:` block of an Amazon system; knows no wire format."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.connectors.base import Options


class AmazonOptions(Options):
    """Settings of one seller account in one region. Credentials: `client_id`, `client_secret` and `refresh_token` of the application (Login with
    Amazon), and `notification_key` where notifications are forwarded to the hub."""

    seller_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{6,32}$", description="The merchant token of the account.")]
    marketplaces: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]{8,20}$")], ...],
        Field(min_length=1, description="Marketplace ids, for example A1PA6795UKMFR9 for Germany."),
    ]
    token_url: Annotated[str, Field(pattern=r"^https?://\S+$")] = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - an address
    orders_api: Annotated[
        Literal["2026-01-01", "v0"],
        Field(
            description="The version orders are read with. `v0` needs restricted data tokens and is removed by Amazon on 27 March 2027."
        ),
    ] = "2026-01-01"
    fulfilled_by_amazon: Annotated[
        Literal["ignore", "take"], Field(description="Orders that Amazon ships itself: no business of the warehouse.")
    ] = "ignore"
    prices_include_tax: Annotated[
        bool, Field(description="Prices are shown with tax in these marketplaces (Europe: yes, North America: no).")
    ] = False
    sku_map: Annotated[str, Field(description="Value map: seller SKU -> the hub's SKU. Without it they are the same.")] = ""
    service_level_map: Annotated[str, Field(description="Value map: Amazon's service level -> the hub's.")] = ""
    carrier_map: Annotated[
        str,
        Field(description="Value map: Amazon's carrier code -> the hub's carrier. Without it the carrier is named as `Other`."),
    ] = ""
    incoterm: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    fulfilment_channel: Annotated[str, Field(description="The channel code under which stock is stated.")] = "DEFAULT"
    poll_overlap_seconds: Annotated[int, Field(ge=0)] = 300
    poll_first_hours: Annotated[int, Field(gt=0)] = 24
    poll_page: Annotated[int, Field(gt=0, le=100)] = 100
    settlements_since_days: Annotated[int, Field(gt=0, le=90, description="Reports this old are read at the first poll.")] = 30
    patience: Annotated[
        float, Field(ge=0, le=30, description="Seconds a call waits for its turn under Amazon's rate before it is put off.")
    ] = 5.0
    settle_seconds: Annotated[float, Field(ge=0)] = 60.0
    """How long after a lost answer the absence of its effect proves nothing."""
