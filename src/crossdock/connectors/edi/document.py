"""One document to canonical events: its guide, then its mapping; nothing passes that fails a step. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.payout import Payout
from crossdock.connectors.edi.reading import guide_of, read_envelope, release_of
from crossdock.connectors.edi.splitting import CARRIED
from crossdock.connectors.edi.terms import Agreement, Terms
from crossdock.connectors.edi.words import detail, summary
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.core.errors import AgreementMissing, EnvelopeFaulty, GuideViolated, PayloadMalformed
from crossdock.documents.mapping import Mapped, ReadContext, find_reader
from crossdock.edi.findings import Finding, Severity
from crossdock.edi.guides import parse_document
from crossdock.edi.interchange import Document

_KEYED: Final = {
    "order.placed": ("order", "order"),
    "order.changed": ("order", "order"),
    "order.amended": ("order", "order"),
    "order.cancelled": ("order", "order"),
}
"""Events whose key the sender knows, because the transaction begins with it: first part of the key, and the reference's scheme."""
_STREAMS: Final = {
    "order.placed": "order",
    "order.changed": "order",
    "order.amended": "order",
    "order.cancelled": "order",
    "purchase_order.answered": "answer",
    "ship_notice.received": "despatch",
    "receipt.completed": "receipt",
    "supplier_invoice.received": "invoice",
    "freight_invoice.received": "freight_invoice",
    "payout.received": "payout",
}
"""The stream in which the versions of one document are counted, so that a superseded one cannot take effect."""
_STEPS: Final = frozenset({"order.amended"})
"""What has a meaning only on the version before it: none of its numbers may be left out, and none be overtaken."""
_FIRST: Final = 1
_SECOND: Final = 1_000_000_000
"""Where versions begin that are told apart by the moment of their envelope, because their sender does not number them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document came from: the system, its identity there, and when."""

    system: str
    identity: str
    moment: datetime


def events_of(message: StoredMessage, terms: Terms, maps: ValueMaps) -> Sequence[Event]:
    """The canonical events of a document's message.

    Raises `EnvelopeFaulty`, `AgreementMissing`, `GuideViolated` (all findings in the detail, byte positions as in the interchange it came
    in), `PayloadMalformed`, `ValueMapMissing` and `SchemaInvalid`.
    """
    standard = message.headers.get("standard", "")
    shift = int(message.headers.get("shift", "0") or 0)
    try:
        interchange, head, _ = read_envelope(message.body, standard)
    except ValueError as error:
        raise PayloadMalformed(f"this is no {standard or 'EDI'} document: {error}") from None
    found = list(interchange.documents())
    if len(found) != 1:
        raise PayloadMalformed(f"one document is expected here, {len(found)} were found")
    document = found[0]
    carried = [Finding(code, "the same control number was used before in this interchange", document.header.tag if document.header else "", 1)
               for code in message.headers.get(CARRIED, "").split(",") if code]  # fmt: skip
    envelope = _errors(terms, [*document.findings, *carried])
    if envelope:
        raise EnvelopeFaulty(f"{document.type}: {summary(envelope)}", findings=detail(envelope, shift), document=document.type)
    release = release_of(document, standard)
    agreement, guide = guide_of(document.type, release, standard, terms)
    if agreement is None:
        raise AgreementMissing(
            f"there is no agreement with {terms.partner} on {document.type or 'documents without a type'} {release}".rstrip(),
            document=document.type, release=release,
        )  # fmt: skip
    if guide is None:
        raise AgreementMissing(
            f"there is no guide for {document.type} {release}, without which it cannot be mapped", document=document.type
        )
    tree, findings = parse_document(document, guide)
    if agreement.judged:
        faults = _errors(terms, findings)
        if faults:
            number = number_of(document)
            text = f"{document.type}{f' {number}' if number else ''} breaks the guide {guide.name}: {summary(faults)}"
            raise GuideViolated(text, findings=detail(findings, shift), document=document.type, number=number, guide=guide.name)
    moment = head.moment or message.received_at
    context = ReadContext(
        terms.parties(standard), document.type, release, moment, message.headers.get("identity", ""), agreement.options
    )
    reader = find_reader(standard, document.type, release)
    mapped = overlaid(tree, agreement, maps)
    source = Source(message.system, message.headers.get("identity", "") or head.identity, moment)
    return [event(each, source, place) for place, each in enumerate(reader(mapped, context, maps), start=1)]


def overlaid(document: object, agreement: Agreement, maps: ValueMaps) -> object:
    """The document after the partner's overlay."""
    if not agreement.overlay:
        return document
    from crossdock.documents.overlay import apply_before

    return apply_before(document, agreement.overlay, maps)


def event(mapped: Mapped, source: Source, place: int) -> Event:
    """A mapped document as an event: identity, key, place in the stream of its versions."""
    references = list(mapped.references)
    key = ""
    if mapped.type in _KEYED and mapped.number:
        room, scheme = _KEYED[mapped.type]
        key = f"{room}/{source.system}/{mapped.number}"
        own = Reference(f"{source.system}:{scheme}", mapped.number)
        if own not in references:
            references.append(own)
    stream = _STREAMS.get(mapped.type)
    position = (
        Position(
            f"{source.system}/{stream}/{mapped.number}",
            _version(mapped, source.moment),
            mapped.type in _STEPS and mapped.version > 0,
        )
        if stream and mapped.number
        else None
    )
    return Event(
        id=f"{source.identity}/{place}",
        type=mapped.type,
        source=source.system,
        key=key or _other_key(mapped, source.system),
        data=mapped.data,
        occurred_at=mapped.occurred_at or source.moment,
        references=tuple(references),
        position=position,
    )


def _version(mapped: Mapped, moment: datetime) -> int:
    """The document's place among its versions: the sender's own number where it has one, else when its envelope was made."""
    if mapped.version > 0:
        return _FIRST + mapped.version
    if mapped.purpose in ("original", "duplicate"):
        return _FIRST
    return _SECOND + int(moment.timestamp())


def _other_key(mapped: Mapped, system: str) -> str:
    """The key of what begins no order and belongs to none: stock, freight invoices, settlements."""
    if isinstance(mapped.data, FreightInvoice):
        return f"freight/{mapped.data.carrier.casefold()}/{mapped.number}"
    if isinstance(mapped.data, Payout):
        return f"payout/{system}/{mapped.number}"
    if mapped.type not in ("stock.changed", "stock.moved"):
        return ""
    of = getattr(mapped.data, "levels", None) or getattr(mapped.data, "changes", None) or ()
    return f"stock/{system}/{of[0].sku}" if of else ""


def _errors(terms: Terms, findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in terms.policy.apply(findings) if each.severity is Severity.ERROR]


def number_of(document: Document) -> str:
    """The document's own number, as its head has it (BEG03, BGM 1004)."""
    for row in document.rows():
        place = {
            "BEG": 3,
            "BGM": 2,
            "BSN": 2,
            "BIG": 2,
            "BAK": 3,
            "BCH": 3,
            "BCA": 3,
            "W05": 2,
            "W06": 2,
            "W17": 3,
            "B1": 2,
            "B3": 2,
            "B10": 1,
        }.get(row[0])
        return document.delimiters.reveal(row[place]).partition(":")[0] if place and len(row) > place else ""
    return ""
