"""The `options:` block of a `wms_rest` system."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.connectors.contracts.options import ContractOptions


class WmsRestOptions(ContractOptions):
    """What a warehouse adds: its inventory in pages, and whose words its bins and reasons are in."""

    inventory_page: Annotated[int, Field(ge=1, le=20_000, description="Lines a request of the inventory asks for.")] = 5_000
    location_map: Annotated[
        str, Field(description="Value map: bin -> location of the ERP. Without it bins keep their names.")
    ] = ""
    reason_map: Annotated[
        str,
        Field(
            description="Value map: the warehouse's reason -> cause of a movement. Without it the contract's words are expected."
        ),
    ] = ""
    fulfilment_path: str = "/fulfilments"
    receipt_path: str = "/receipts"
    return_path: str = "/returns"
    inventory_path: str = "/inventory"
