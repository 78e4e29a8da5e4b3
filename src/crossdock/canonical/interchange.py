"""An interchange that came in: who sent it, what was in it, what was wrong, which acknowledgement is owed; knows no process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.acknowledgement import DocumentFinding, Verdict
from crossdock.canonical.base import Canonical
from crossdock.canonical.values import UtcTime


class InterchangeDocument(Canonical):
    """One document of an interchange (X12 ST..SE, EDIFACT UNH..UNT, one UBL file).

    `type` is `850`, `ORDERS`, `Invoice`; `position` counts from 1 in its group, `segments` with head and trailer. `event` is the identity of the
    canonical event made of it; empty when it was refused.
    """

    schema_name = "interchange_document"

    type: str
    control_number: str = ""
    number: str = ""
    release: str = ""
    position: Annotated[int, Field(ge=1)] = 1
    segments: int | None = None
    verdict: Verdict = "accepted"
    findings: tuple[DocumentFinding, ...] = ()
    event: str = ""


class InterchangeGroup(Canonical):
    """A functional group (X12 GS..GE, EDIFACT UNG..UNE); one without name where the standard has none."""

    schema_name = "interchange_group"

    code: str = ""
    control_number: str = ""
    release: str = ""
    sender: str = ""
    receiver: str = ""
    verdict: Verdict = "accepted"
    findings: tuple[DocumentFinding, ...] = ()
    documents: tuple[InterchangeDocument, ...] = ()


class Interchange(Canonical):
    """Payload of `interchange.received`, one per interchange, also of a refused one.

    `relation` names sender, receiver, qualifiers and test or production, in which control numbers are counted; `control_number` is as it
    was written. `owed` are the acknowledgements the partner is to get (`997`, `999`, `TA1`, `CONTRL`; for content `824`, `APERAK`, `ApplicationResponse`; `MDN`: the receipt that
    the transport of this name owes by itself, `receipt` is what it needs for it). `gap_patience` is how many
    seconds a missing control number is waited for; absent where the partner does not count without holes. `judged` is `content` when this
    is about one document of an interchange that was acknowledged before: its syntax was right, what it says was refused. `duplicate` is `same` when
    its number and content came before; `transmission` is what its carrier calls the transmission that brought it.
    """

    schema_name = "interchange"
    schema_version = "1.1"

    standard: Annotated[str, Field(max_length=32)]
    version: str = ""
    relation: str
    sender: str
    sender_qualifier: str = ""
    receiver: str
    receiver_qualifier: str = ""
    test: bool = False
    control_number: str = ""
    prepared_at: UtcTime | None = None
    received_at: UtcTime
    file_name: str = ""
    size: Annotated[int, Field(ge=0)] = 0
    syntax: str = ""
    acknowledgement_requested: bool = False
    groups: tuple[InterchangeGroup, ...] = ()
    findings: tuple[DocumentFinding, ...] = ()
    verdict: Verdict = "accepted"
    owed: tuple[str, ...] = ()
    gap_patience: int | None = None
    transport: Annotated[str, Field(max_length=64)] = ""
    receipt: Annotated[str, Field(max_length=8_000)] = ""
    judged: Literal["envelope", "content"] = "envelope"
    duplicate: Literal["no", "same", "different"] = "no"
    transmission: Annotated[str, Field(max_length=1_000)] = ""
