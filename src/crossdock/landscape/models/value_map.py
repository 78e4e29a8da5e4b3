"""`value-maps/*.yaml`: translations between a partner's codes and canonical values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.landscape.models.base import Name, Strict, Text

Code = Annotated[str, Field(max_length=255)]


class ValueMap(Strict):
    """A translation table. Codes are text: quote `true` and `null`; numbers keep their digits as written."""

    name: Annotated[Name, Field(description="The map's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="The map's name for people.")] = ""
    owner: Annotated[Name | None, Field(description="The team that keeps the entries.")] = None
    entries: Annotated[dict[Code, Code], Field(description="Partner's code and canonical value.")]
    preferred: Annotated[
        dict[Code, Code], Field(description="Canonical value and the partner's code to send, where several codes mean the same.")
    ] = Field(default_factory=dict)
    ignore_case: Annotated[bool, Field(description="Whether `Express` and `EXPRESS` are the same code.")] = False
    unknown: Annotated[
        Literal["refuse", "keep", "default"],
        Field(
            description="A code without entry: `refuse` it (an exception names the missing entry), `keep` it as it is, or use `default`."
        ),
    ] = "refuse"
    default: Annotated[Code | None, Field(description="The canonical value for unknown codes when `unknown` is `default`.")] = (
        None
    )

    @model_validator(mode="after")
    def _default_stated(self) -> ValueMap:
        if (self.unknown == "default") != (self.default is not None):
            raise ValueError("`default` is stated exactly when `unknown` is `default`")
        return self
