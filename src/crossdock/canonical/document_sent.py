"""A document of ours that left for a partner: under which numbers, and what is expected back; knows no process."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.values import UtcTime


class DocumentSent(Canonical):
    """Payload of `document.sent`, one per document of ours that a partner's system took over.

    The control numbers are those we gave; `identities` are all names under which an acknowledgement may speak of it (references of scheme
    `edi:sent`). `command`, `command_id`, `key` and `flow` say who sent it. `acknowledge_by` is when an acknowledgement is late by the
    agreement; absent: none is expected.
    """

    schema_name = "document_sent"

    standard: Annotated[str, Field(max_length=64)]
    relation: str
    document_type: str
    document_number: str = ""
    interchange_control: str = ""
    group_control: str = ""
    document_control: str = ""
    identities: tuple[str, ...] = ()
    message_id: str = ""
    transport: str = ""
    test: bool = False
    sent_at: UtcTime
    acknowledge_by: UtcTime | None = None
    command: str = ""
    command_id: str = ""
    key: str = ""
    flow: str = ""
