"""Scheme-qualified identifiers and their check digits (GS1 General Specifications); knows no business object."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical

GS1_LENGTHS = {"gtin": (8, 12, 13, 14), "gln": (13,), "sscc": (18,)}


def gs1_check_digit(digits: str) -> int:
    """The GS1 modulo-10 check digit for `digits` without it (GS1 General Specifications 7.9.1)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -total % 10


def gs1_valid(scheme: str, value: str) -> bool:
    """Whether `value` has a length and check digit that GS1 allows for `scheme` (gtin, gln, sscc)."""
    return (
        value.isascii()
        and value.isdigit()
        and len(value) in GS1_LENGTHS[scheme]
        and gs1_check_digit(value[:-1]) == int(value[-1])
    )


class Identifier(Canonical):
    """One name of one thing in one scheme: `gtin`, `gln`, `sscc`, `duns`, `vat`, `sku`, or a system's own (`shopify:order`)."""

    schema_name = "identifier"

    scheme: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9:._-]*$", max_length=64)]
    value: Annotated[str, Field(min_length=1, max_length=255)]

    @model_validator(mode="after")
    def _check_digit(self) -> Identifier:
        if self.scheme in GS1_LENGTHS and not gs1_valid(self.scheme, self.value):
            raise ValueError(f"{self.value!r} is not a valid {self.scheme.upper()}: wrong length or check digit")
        return self
