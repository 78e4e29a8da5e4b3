"""The `options:` block of an Odoo system in the landscape; knows no wire format."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

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
    report_edits: Annotated[
        bool,
        Field(description="report what people change in Odoo on orders that came from elsewhere as order.changed"),
    ] = False

    hot_window_minutes: Annotated[int, Field(ge=1)] = 15
    sweep_window_hours: Annotated[int, Field(ge=1)] = 24
    sweep_every_hours: Annotated[int, Field(ge=1)] = 24
    capture_from: datetime | None = None
    page_size: Annotated[int, Field(ge=1, le=2000)] = 200
    deletions_every_minutes: Annotated[int, Field(ge=0)] = 60
    deletions_span: Annotated[int, Field(ge=0, description="how many of the latest records are watched for deletion")] = 20_000
    key_name: Annotated[
        str, Field(description="name of the API key in Odoo whose expiry is watched; empty: the one that ends first")
    ] = ""
