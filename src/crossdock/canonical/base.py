"""The base of every canonical object: immutable, versioned, exact; knows no business field."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Canonical(BaseModel):
    """A canonical business object.

    `schema_name` and `schema_version` identify the published schema (`order/1.0`). A reader ignores fields it
    does not know, so that a minor version stays readable by the previous reader (design section 8).
    """

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True, validate_default=False)

    schema_name: ClassVar[str] = ""
    schema_version: ClassVar[str] = "1.0"

    @classmethod
    def schema_id(cls) -> str:
        """The schema's identity as it is recorded with every event, for example `order/1.0`."""
        return f"{cls.schema_name}/{cls.schema_version}"
