"""The `options:` block of a `tms` system."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.connectors.contracts.options import ContractOptions


class TmsOptions(ContractOptions):
    """What a TMS adds: whose words its milestones and carriers are in, and its scans in pages."""

    milestone_map: Annotated[
        str, Field(description="Value map: the TMS's milestone code -> milestone. Without it the contract's words are expected.")
    ] = ""
    carrier_map: Annotated[
        str, Field(description="Value map: the TMS's name of a carrier (SCAC) -> the landscape's. Without it names stay.")
    ] = ""
    milestone_page: Annotated[int, Field(ge=1, le=20_000, description="Scans in one page of the channel `milestones`.")] = 500
    tender_path: str = "/tenders"
    milestone_path: str = "/milestones"
