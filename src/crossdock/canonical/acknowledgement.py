"""What a partner's machine says of a document we sent (X12 997, 999, TA1; EDIFACT CONTRL, APERAK; AS2 MDN); knows no process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.values import UtcTime

Verdict = Literal["accepted", "accepted_with_errors", "partially_accepted", "rejected"]


class DocumentFinding(Canonical):
    """One thing wrong with a document, and where (X12 AK3/AK4, IK3/IK4; EDIFACT UCS/UCD, APERAK ERC/FTX).

    `segment` is the tag, `segment_position` the segment's number in its document from 1, `element` the element's number with its component
    (`3.1`), `repetition` which of its repetitions, `offset` the byte in the interchange. `code` is the standard's own code, or that of the
    hub's finding. `reference` is the number of the data element, `loop` the name of the loop or segment group around it.
    """

    schema_name = "document_finding"

    code: str
    message: str = ""
    severity: Literal["error", "warning"] = "error"
    segment: str = ""
    segment_position: int | None = None
    element: str = ""
    offset: int | None = None
    value: str = ""
    repetition: int | None = None
    reference: str = ""
    loop: str = ""


class DocumentAcknowledgement(Canonical):
    """Payload of `document.acknowledged`, one per document of ours that was acknowledged, and what `document.acknowledge` carries.

    `level` is what was judged: the transport took it (`MDN`), the `interchange` (TA1, CONTRL UCI), the `group` (AK9), the `document`
    (AK5, UCM) or its content (`application`: APERAK, 824, UBL ApplicationResponse). A verdict on an interchange or a group is one
    for every document in it. The control numbers are those we gave; `document_number` is the business number where it is known.
    """

    schema_name = "document_acknowledgement"

    standard: Annotated[str, Field(max_length=64)]
    level: Literal["transport", "interchange", "group", "document", "application"]
    verdict: Verdict
    acknowledged_at: UtcTime
    document_type: str = ""
    document_number: str = ""
    interchange_control: str = ""
    group_control: str = ""
    document_control: str = ""
    message_id: str = ""
    acknowledgement_control: str = ""
    code: str = ""
    findings: tuple[DocumentFinding, ...] = ()
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()
