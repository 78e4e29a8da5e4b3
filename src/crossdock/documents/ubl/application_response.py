"""UBL ApplicationResponse (Peppol BIS Message Level Response 3): whether a document was taken, and what is wrong with it; knows no system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossdock.canonical.acknowledgement import Verdict
from crossdock.documents.mapping import Parties, Party
from crossdock.documents.moments import zone_of
from crossdock.documents.ubl.building import Leaf, Part, Parts, document
from crossdock.documents.ubl.elements import root_of
from crossdock.edi.ubl.safe_xml import NAMESPACES

DOCUMENT: Final = "ApplicationResponse"
PROFILE: Final = "urn:fdc:peppol.eu:poacc:bis:mlr:3"
CUSTOMIZATION: Final = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
_CODES: Final[dict[Verdict, str]] = {"accepted": "AB", "accepted_with_errors": "AP", "partially_accepted": "RE", "rejected": "RE"}
_VERDICTS: Final[dict[str, Verdict]] = {"AB": "accepted", "AP": "accepted_with_errors", "RE": "rejected"}
"""UNCL4343 as BIS uses it: AB received and right, AP taken (with warnings), RE rejected. What says none of them says no."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: where (an XPath, or `NA`), in words, and why: `BV` a business rule, `SV` the syntax."""

    place: str
    message: str
    kind: str = "BV"


@dataclass(frozen=True, slots=True)
class Response:
    """What is said of one document, by the number it has."""

    number: str
    verdict: Verdict
    issues: tuple[Issue, ...] = ()


def write_response(number: str, moment: datetime, response: Response, parties: Parties, zone: str = "UTC") -> bytes:
    """An ApplicationResponse of our own `number` to one document of theirs. Raises `SchemaInvalid` for characters XML cannot hold."""
    local = moment.astimezone(zone_of(zone))
    lines: Parts = [("cac:LineResponse", _line(each)) for each in response.issues]
    return document(
        DOCUMENT,
        [
            ("cbc:CustomizationID", CUSTOMIZATION),
            ("cbc:ProfileID", PROFILE),
            ("cbc:ID", number),
            ("cbc:IssueDate", local.date().isoformat()),
            ("cbc:IssueTime", local.time().replace(microsecond=0).isoformat()),
            ("cac:SenderParty", _party(parties.ours)),
            ("cac:ReceiverParty", _party(parties.theirs)),
            (
                "cac:DocumentResponse",
                [
                    ("cac:Response", [("cbc:ResponseCode", _CODES[response.verdict])]),
                    ("cac:DocumentReference", [("cbc:ID", response.number or "NA")]),
                    *lines,
                ],
            ),
        ],
    )


def _party(party: Party) -> Parts:
    endpoint = Leaf(party.gln or party.id, {"schemeID": "0088" if party.gln else party.qualifier})
    name = party.name or party.gln or party.id
    return [("cbc:EndpointID", endpoint), ("cac:PartyLegalEntity", [("cbc:RegistrationName", name)])]


def _line(issue: Issue) -> Parts:
    status: Part = ("cac:Status", [("cbc:StatusReasonCode", Leaf(issue.kind, {"listID": "PEPPOLSTATUS"}))])
    return [
        ("cac:LineReference", [("cbc:LineID", issue.place or "NA")]),
        ("cac:Response", [("cbc:ResponseCode", "RE"), ("cbc:Description", issue.message), status]),
    ]


def read_responses(data: bytes) -> Iterator[tuple[str, Response]]:
    """What an ApplicationResponse says: its own number and what it says of each document. Raises `PayloadMalformed`."""
    root = root_of(data)

    def text(element: object, path: str) -> str:
        found = element.findtext(path, "", NAMESPACES)  # type: ignore[attr-defined]
        return str(found).strip()

    number = text(root, "cbc:ID")
    for each in root.findall("cac:DocumentResponse", NAMESPACES):
        code = text(each, "cac:Response/cbc:ResponseCode")
        issues = tuple(
            Issue(
                text(line, "cac:LineReference/cbc:LineID"),
                "; ".join(
                    filter(
                        None, ((found.text or "").strip() for found in line.findall("cac:Response/cbc:Description", NAMESPACES))
                    )
                ),
                text(line, "cac:Response/cac:Status/cbc:StatusReasonCode"),
            )
            for line in each.findall("cac:LineResponse", NAMESPACES)
        )
        head = "; ".join(
            filter(None, ((found.text or "").strip() for found in each.findall("cac:Response/cbc:Description", NAMESPACES)))
        )
        if head:
            issues = (Issue("NA", head, text(each, "cac:Response/cac:Status/cbc:StatusReasonCode")), *issues)
        yield number, Response(text(each, "cac:DocumentReference/cbc:ID"), _VERDICTS.get(code, "rejected"), issues)
