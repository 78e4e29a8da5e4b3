"""The settings of an inventory comparison: whose stock, at which places, what counts as a difference; knows no system."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ANYWHERE = "*"


class Strict(BaseModel):
    """Unknown settings are refused, so that typing errors are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GuardSettings(Strict):
    """When a comparison is not believed, because acting on it would zero or invent stock."""

    min_lines: Annotated[int, Field(ge=0, description="Each side must have as many lines.")] = 1
    min_share: Annotated[
        Decimal, Field(ge=0, le=1, description="The smaller side must list at least this share of the places of the larger one.")
    ] = Decimal("0.5")
    max_differing: Annotated[Decimal, Field(ge=0, le=1, description="At most this share of all places may differ.")] = Decimal(
        "0.2"
    )
    always_allowed: Annotated[int, Field(ge=0, description="So many places may differ whatever their share.")] = 20


class Settings(Strict):
    """`settings:` of a flow with `workflow: inventory_snapshot`."""

    counted: Annotated[str, Field(description="The role whose system has the goods and is right.")] = "wms"
    book: Annotated[str, Field(description="The role whose stock is corrected.")] = "erp"
    locations: Annotated[
        dict[str, str],
        Field(
            description="Location of the counting system -> location of the other, `*` for all others; absent: both use the same names."
        ),
    ] = Field(default_factory=dict)
    book_locations: Annotated[
        tuple[str, ...],
        Field(
            description="Locations of the corrected system that are compared; empty: those the counting system names. Name a location "
            "here that the counting system may have emptied altogether, because it does not list it then."
        ),
    ] = ()
    by_lot: Annotated[bool, Field(description="Compare lot by lot; `false` adds lots up.")] = True
    tolerance: Annotated[Decimal, Field(ge=0, description="Quantities that differ by at most so much are equal.")] = Decimal(0)
    settle: Annotated[
        timedelta,
        Field(
            description="A difference counts when it is there twice, unchanged on both sides, so far apart: what is on its way between "
            "the systems is none. ISO 8601 (`PT2M`); `PT0S` reads once."
        ),
    ] = timedelta(minutes=1)
    chunk: Annotated[int, Field(ge=1, le=2_000, description="Differences told in one message.")] = 500
    guard: Annotated[GuardSettings, Field(description="When a comparison is refused.")] = GuardSettings()

    def place(self, location: str) -> str:
        """What the corrected system calls a location of the counting one."""
        return self.locations.get(location, self.locations.get(ANYWHERE, location))


def requires(_roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """The commands each role is sent, for the linter."""
    return {settings.book: frozenset({"stock.adjust"}), settings.counted: frozenset()}
