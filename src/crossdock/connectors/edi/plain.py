"""Documents without an envelope (UBL, tables): one file is one interchange of one document. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crossdock.canonical.events import Event
from crossdock.canonical.interchange import Interchange, InterchangeDocument, InterchangeGroup
from crossdock.connectors.edi.document import Source, event, overlaid
from crossdock.connectors.edi.head import digest
from crossdock.connectors.edi.terms import ACKNOWLEDGEMENTS, Agreement, Terms
from crossdock.connectors.edi.words import printable
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.core.errors import AgreementMissing
from crossdock.documents.mapping import ReadContext, find_reader

_ROOT: Final = re.compile(rb"<(?![?!])(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
HEAD: Final = 4096


def standard_of(message: StoredMessage, terms: Terms) -> str:
    """`ubl`, or `tables` where tables are agreed on and it is nothing else."""
    found = message.headers.get("standard", "")
    return found if found == "ubl" else "tables" if any(each.standard == "tables" for each in terms.agreements) else found


def document_type(message: StoredMessage, terms: Terms) -> str:
    """The kind of document: an XML file's root element, else the agreed table whose name is in the file's name, else the only one."""
    if message.headers.get("standard") == "ubl":
        found = _ROOT.search(message.body[:HEAD])
        return found[1].decode("ascii", "replace") if found is not None else ""
    tables = [each for each in terms.agreements if each.standard == "tables" and each.direction == "in"]
    name = message.headers.get("file-name", "").lower()
    named = [each for each in tables if each.document.lower() in name]
    chosen = named or tables
    return chosen[0].document if len(chosen) == 1 else ""


def plain_interchange(message: StoredMessage, terms: Terms) -> Interchange:
    """The payload of `interchange.received` for one file; no acknowledgement is owed for it."""
    standard, kind = standard_of(message, terms), document_type(message, terms)
    agreed = terms.incoming(standard, kind) is not None or kind in ACKNOWLEDGEMENTS.get(standard, ())
    document = InterchangeDocument(type=printable(kind) or "unknown", verdict="accepted" if agreed else "rejected")
    return Interchange(
        standard=standard or "unknown",
        relation=f"{standard}/{terms.partner}",
        sender=terms.partner,
        receiver="us",
        test=terms.test,
        received_at=message.received_at,
        file_name=printable(message.headers.get("file-name", "")),
        size=len(message.body),
        groups=(InterchangeGroup(documents=(document,), verdict=document.verdict),),
        verdict=document.verdict,
    )


def plain_events(message: StoredMessage, terms: Terms, maps: ValueMaps) -> Sequence[Event]:
    """The canonical events of one file. Raises `AgreementMissing`, `SchemaInvalid`, `ValueMapMissing`."""
    standard, kind = standard_of(message, terms), document_type(message, terms)
    agreement: Agreement | None = terms.incoming(standard, kind)
    if agreement is None:
        raise AgreementMissing(f"there is no agreement with {terms.partner} on {kind or 'a file of this kind'}", document=kind)
    identity = f"{standard}/{terms.partner}/{digest(message.body)}"
    context = ReadContext(terms.parties(standard), kind, agreement.version, message.received_at, identity, agreement.options)
    body = overlaid(message.body, agreement, maps)
    if standard == "ubl" and agreement.judged and isinstance(body, bytes):
        from crossdock.documents.ubl.rules import keep_rules

        keep_rules(body, kind)
    source = Source(message.system, identity, message.received_at)
    reader = find_reader(standard, kind, agreement.version)
    return [event(each, source, place) for place, each in enumerate(reader(body, context, maps), start=1)]
