"""The `options:` block of an Odoo system in the landscape; knows no wire format."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from crossdock.connectors.base import Options

SkuField = Literal["default_code", "barcode"]


class OdooOptions(Options):
    """How the hub uses one Odoo database.

    `database` is the name Odoo knows it by. `company_id` and `warehouse` (its code, `WH`) choose where orders and stock belong;
    without them the integration user's default company and all its warehouses are meant. `login` is needed for Odoo 16-18 only.
    """

    database: Annotated[str, Field(min_length=1)]
    login: str = ""
    transport: Literal["auto", "json2", "jsonrpc"] = "auto"
    company_id: int | None = None
    warehouse: str = ""
    lang: str = "en_US"
    xid_prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,31}$", description="module name of the hub's external ids")] = (
        "crossdock"
    )
    read_timeout: Annotated[float, Field(gt=0)] = 30.0
    write_timeout: Annotated[float, Field(gt=0, description="Odoo repeats a contended call for up to 30 s: keep it above 60")] = (
        90.0
    )
    contention_repeats: Annotated[int, Field(ge=0, le=20)] = 6
    parallel_confirmations: Annotated[
        int,
        Field(
            ge=1, le=16, description="calls that confirm orders at the same time; more than one only with many cores and products"
        ),
    ] = 1

    sku_fields: tuple[SkuField, ...] = ("default_code", "barcode")
    cache_minutes: Annotated[float, Field(ge=0)] = 10.0
    freight_sku: Annotated[str, Field(description="product of the line that carries an order's shipping charge")] = ""
    carriers: Annotated[
        dict[str, int], Field(default_factory=dict, description="service level or carrier name -> id of delivery.carrier")
    ]
    pricelists: Annotated[dict[str, int], Field(default_factory=dict, description="currency -> id of product.pricelist")]
    units: Annotated[
        dict[str, str],
        Field(default_factory=dict, description="UN/ECE Rec 20 code -> external id of uom.uom, beside the built-in ones"),
    ]
    tolerance_per_line: Annotated[Decimal, Field(ge=0, description="in units of the currency's rounding")] = Decimal("0.5")

    locations: Annotated[
        dict[str, str],
        Field(default_factory=dict, description="location of the hub -> full name of a stock.location (WH/Stock/Shelf 1)"),
    ]
    stock_by: Literal["warehouse", "location"] = "warehouse"
    lots: Annotated[
        Literal["required", "reserved"],
        Field(description="a tracked product confirmed without lot: refuse, or take the lots Odoo reserved"),
    ] = "required"
    picks_in_odoo: Annotated[bool, Field(description="report transfers validated in Odoo by people as picking.completed")] = False
    receipts_in_odoo: Annotated[
        bool, Field(description="report incoming transfers of purchase orders validated in Odoo by people as receipt.completed")
    ] = False
    report_edits: Annotated[
        bool,
        Field(description="report what people change in Odoo on orders that came from elsewhere as order.changed"),
    ] = False

    delivery_zone: Annotated[
        str, Field(description="IANA time zone of the warehouse: delivery days of purchase orders are days there")
    ] = "UTC"
    purchase_taxes: Annotated[
        dict[str, int],
        Field(
            default_factory=dict,
            description="rate of a supplier's invoice (`19`, or `S/19` with its category) -> id of account.tax",
        ),
    ]
    charge_sku: Annotated[
        str, Field(description="product of the bill lines that carry a supplier's freight and other charges")
    ] = ""
    damaged_location: Annotated[
        str, Field(description="location of the hub where damaged goods of a receipt are put; empty: they are not taken in")
    ] = ""
    quarantine_location: Annotated[
        str,
        Field(
            description="location of the hub where returned goods go that somebody must look at; empty: such returns are refused"
        ),
    ] = ""
    scrap_location: Annotated[
        str,
        Field(
            description="full name of the stock.location where scrapped goods go; empty: Odoo's only location of inventory losses"
        ),
    ] = ""
    payment_journals: Annotated[
        dict[str, int],
        Field(default_factory=dict, description="means of payment (`card`, empty for all others) -> id of account.journal"),
    ]
    freight_vendors: Annotated[
        dict[str, int], Field(default_factory=dict, description="carrier of a freight invoice -> id of its res.partner")
    ]
    accrual_accounts: Annotated[
        dict[Literal["expense", "liability"], int],
        Field(default_factory=dict, description="account.account on which expected freight is booked, and its counterpart"),
    ]
    landed_cost_split: Annotated[
        Literal["equal", "by_quantity", "by_current_cost_price", "by_weight", "by_volume"],
        Field(description="how landed costs are spread over the goods"),
    ] = "by_quantity"
    write_locked: Annotated[
        bool,
        Field(description="write confirmed days, quantities and prices on locked purchase orders too, as Odoo itself allows"),
    ] = False

    hot_window_minutes: Annotated[int, Field(ge=1)] = 15
    sweep_window_hours: Annotated[int, Field(ge=1)] = 24
    sweep_every_hours: Annotated[int, Field(ge=1)] = 24
    capture_from: datetime | None = None
    outbox: Annotated[
        Literal["auto", "never"],
        Field(description="read the outbox of the optional add-on where it is installed, or always poll by `write_date`"),
    ] = "auto"
    page_size: Annotated[int, Field(ge=1, le=2000)] = 200
    deletions_every_minutes: Annotated[int, Field(ge=0)] = 60
    deletions_span: Annotated[int, Field(ge=0, description="how many of the latest records are watched for deletion")] = 20_000
    key_name: Annotated[
        str, Field(description="name of the API key in Odoo whose expiry is watched; empty: the one that ends first")
    ] = ""

    @field_validator("delivery_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone {value!r}; use a name such as Europe/Berlin") from None
        return value
