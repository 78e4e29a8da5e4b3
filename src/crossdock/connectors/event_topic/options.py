"""`options:` of a subscriber with `by: kafka`, or of a system that publishes into the hub by topic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.connectors.base import Options

TOPIC = r"^[A-Za-z0-9._{}-]{1,200}$"


class EventTopicOptions(Options):
    """Where events are, and how the broker is spoken to."""

    topic: Annotated[
        str, Field(pattern=TOPIC, description="The topic events are told to; `{event}` stands for the event type.")
    ] = "crossdock.{event}"
    mode: Annotated[
        Literal["structured", "binary"], Field(description="CloudEvents: one JSON object, or attributes in `ce_` headers.")
    ] = "structured"
    format: Annotated[
        Literal["cloudevents", "debezium"],
        Field(description="What is read: CloudEvents, or change records as Debezium writes them of Odoo's tables."),
    ] = "cloudevents"
    security: Annotated[
        Literal["plaintext", "ssl", "sasl_ssl", "sasl_plaintext"], Field(description="How the broker is connected to.")
    ] = "plaintext"
    mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        Field(description="SASL mechanism; credentials `username`, `password`."),
    ] = "SCRAM-SHA-512"
    ca: Annotated[str, Field(description="File with the certificates the broker's is checked against; empty: the system's.")] = ""
    page: Annotated[int, Field(ge=1, le=10_000, description="Records taken at once.")] = 500
    patience: Annotated[float, Field(gt=0, le=60, description="Seconds a poll waits for the first record.")] = 1.0

    @property
    def sasl(self) -> bool:
        """Whether the broker asks for a name and a password."""
        return self.security.startswith("sasl")
