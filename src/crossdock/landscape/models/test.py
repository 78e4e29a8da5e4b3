"""`tests/*.yaml`: the users' own tests of their landscape: a message, and what has to become of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crossdock.landscape.models.base import EventType, Name, Strict, Text


class ExpectedEvent(Strict):
    """One event that has to come of the message."""

    type: Annotated[EventType, Field(description="Its type.")]
    key: Annotated[str | None, Field(description="Its business key; absent: any.")] = None
    fields: Annotated[
        dict[str, Any], Field(description="Paths in its canonical document (`lines.0.quantity`) and what has to stand there.")
    ] = Field(default_factory=dict)


class LandscapeTest(Strict):
    """A message as a system would send it, and what has to become of it. Run with every change request and by `crossdock review test`."""

    name: Annotated[Name, Field(description="The test's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="What it shows, for people.")] = ""
    system: Annotated[Name, Field(description="The system that sends.")]
    channel: Annotated[str, Field(description="Its channel.")] = ""
    topic: Annotated[str, Field(description="The message's topic.")] = ""
    content_type: Annotated[str, Field(description="Its media type.")] = "application/json"
    headers: Annotated[dict[str, str], Field(description="Its headers.")] = Field(default_factory=dict)
    body: Annotated[
        str | dict[str, Any] | list[Any], Field(description="Its body: text as it is, or a structure that is sent as JSON.")
    ]
    events: Annotated[tuple[ExpectedEvent, ...], Field(description="The events that come of it, in order.")] = ()
    error: Annotated[str, Field(description="The code of the error it is refused with; then there are no events.")] = ""
