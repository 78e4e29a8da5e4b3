"""`rules/*.yaml`: a business rule in CEL with its message for people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.landscape.models.base import EventType, Name, Strict, Text


class Rule(Strict):
    """One business rule: for these events, when this holds, that is required."""

    name: Annotated[Name, Field(description="The rule's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="The rule's name for people.")] = ""
    events: Annotated[tuple[EventType, ...], Field(min_length=1, description="Event types the rule judges.")]
    sources: Annotated[tuple[Name, ...], Field(description="Systems whose events it judges; empty: all.")] = ()
    when: Annotated[str, Field(max_length=4000, description="CEL: the rule applies only when this is true; empty: always.")] = ""
    require: Annotated[
        str, Field(min_length=1, max_length=4000, description="CEL: must be true, else the event is refused (or warned of).")
    ]
    message: Annotated[Text, Field(min_length=1, description="What the person who gets the refused event reads.")]
    severity: Annotated[
        Literal["reject", "warn"], Field(description="`reject`: the event becomes an exception; `warn`: it goes on with a note.")
    ] = "reject"
    owner: Annotated[Name | None, Field(description="The team that may change the rule and gets what it refuses.")] = None
    enabled: Annotated[bool, Field(description="`false` keeps the rule without applying it.")] = True
