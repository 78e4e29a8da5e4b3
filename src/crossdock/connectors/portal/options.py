"""Settings of a supplier on the portal: who they are, how their spreadsheets are written, which SSCCs they may give out."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from crossdock.documents.options import MappingOptions


class PortalOptions(MappingOptions):
    """The `options:` of a system of kind `portal`: one system per supplier, so that each sees its own and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    supplier: Annotated[str, Field(max_length=512, description="The supplier's name on labels and in documents.")] = ""
    vat: Annotated[str, Field(max_length=64, description="The supplier's VAT number.")] = ""
    gln: Annotated[str, Field(pattern=r"^(\d{13})?$", description="The supplier's GLN.")] = ""
    street: Annotated[str, Field(max_length=200, description="The supplier's street, for labels.")] = ""
    city: Annotated[str, Field(max_length=200, description="The supplier's town with its postal code, for labels.")] = ""
    gs1_prefix: Annotated[
        str,
        Field(
            pattern=r"^(\d{4,12})?$",
            description="The GS1 company prefix SSCCs are made with: the supplier's own, or one of yours that nothing else uses. "
            "Empty: the portal gives out none, and labels carry those the supplier types.",
        ),
    ] = ""
    sscc_extension: Annotated[int, Field(ge=0, le=9, description="The first digit of the SSCCs given out.")] = 0
    sscc_first: Annotated[
        int, Field(ge=1, description="The first serial given out, when another system has given out smaller ones.")
    ] = 1
