"""How a ship notice or an invoice stands to earlier ones of its number, in the words of its object and in those of the mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from crossdock.documents.mapping import Purpose

Standing = Literal["original", "replacement", "cancellation"]
STANDING: Final[Mapping[Standing, Purpose]] = {"original": "original", "replacement": "replace", "cancellation": "cancel"}
STANDINGS: Final[Mapping[Purpose, Standing]] = {"cancel": "cancellation", "replace": "replacement", "change": "replacement"}
