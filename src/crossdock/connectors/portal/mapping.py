"""What a supplier did on the portal, as canonical events; forms come as canonical JSON, uploads as the supplier's own file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import orjson
from pydantic import ValidationError

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.connectors.portal.options import PortalOptions
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.errors import DocumentUnknown, PayloadMalformed, SchemaInvalid
from crossdock.documents.mapping import Codes, Mapped, Parties, Party, ReadContext, find_reader
from crossdock.edi.recognise import Standard, recognise
from crossdock.edi.ubl.safe_xml import XmlRefused, parse

Kind = Literal["order_response", "ship_notice", "invoice"]
JSON: Final = "application/json"
KINDS: Final[dict[str, tuple[str, type[Canonical]]]] = {
    "order_response": ("purchase_order.answered", OrderResponse),
    "ship_notice": ("ship_notice.received", DespatchAdvice),
    "invoice": ("supplier_invoice.received", Invoice),
}
"""Topics of the portal's messages: the event and the object each becomes."""
_UBL: Final = {
    "order_response": {"OrderResponse", "OrderResponseSimple"},
    "ship_notice": {"DespatchAdvice"},
    "invoice": {"Invoice", "CreditNote"},
}


def written(kind: Kind, document: Canonical, author: str) -> bytes:
    """The message of a form: the canonical object and who sent it."""
    return orjson.dumps({"kind": kind, "by": author, "document": document.model_dump(mode="json")})


def parties_of(system: str, options: PortalOptions) -> Parties:
    """The two sides of the relation, as readers are told them."""
    theirs = Party("portal", system, gln=options.gln, name=options.supplier or system, vat=options.vat)
    return Parties(ours=Party("portal", "us"), theirs=theirs)


def read_form(kind: str, body: bytes) -> Canonical:
    """The canonical object of a form's message. Raises `PayloadMalformed`, `DocumentUnknown`, pydantic's ValidationError."""
    if kind not in KINDS:
        raise DocumentUnknown(f"the portal has no {kind!r}", topic=kind)
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PayloadMalformed(f"the body is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("document"), dict):
        raise PayloadMalformed("the body carries no `document`")
    return KINDS[kind][1].model_validate(content["document"])


def read_file(
    kind: str,
    body: bytes,
    system: str,
    options: PortalOptions,
    codes: Codes,
    moment: datetime,
    control: str = "",
    file_name: str = "",
) -> Sequence[Mapped]:
    """The documents in an uploaded file: UBL, CSV or XLSX, whichever it is.

    Raises `PayloadMalformed`, `SchemaInvalid`, `ValueMapMissing` and `DocumentUnknown`, with rows and columns or paths in the detail.
    """
    if kind not in KINDS:
        raise DocumentUnknown(f"the portal has no {kind!r}", topic=kind)
    parties = parties_of(system, options)
    standard, name = "tables", kind
    if recognise(body[:65536]) is Standard.UBL:
        try:
            name = str(parse(body).tag).rpartition("}")[2]
        except XmlRefused as error:
            raise PayloadMalformed(str(error)) from None
        if name not in _UBL[kind]:
            raise DocumentUnknown(f"the file is a UBL {name}, which is no {kind.replace('_', ' ')}", topic=name)
        from crossdock.documents.ubl.rules import keep_rules

        keep_rules(body, name)
        standard = "ubl"
    else:
        from crossdock.documents.tables.grid import format_of

        format_of(body, file_name)
    context = ReadContext(parties, name, "", moment, control=control, options=options)
    return list(find_reader(standard, name)(body, context, codes))


def order_of(document: Canonical) -> str:
    """The purchase order a document speaks of; an invoice's first one."""
    if isinstance(document, Invoice):
        return document.order_number or next((line.order_number for line in document.lines if line.order_number), "")
    return str(getattr(document, "order_number", ""))


def orders_of(document: Canonical) -> list[str]:
    """All purchase orders a document speaks of."""
    named = {order_of(document)}
    if isinstance(document, Invoice):
        named |= {line.order_number for line in document.lines}
    if isinstance(document, DespatchAdvice):
        named |= {line.order_number for line in document.lines}
    return sorted(each for each in named if each)


def number_of(document: Canonical) -> str:
    """The document's own number."""
    return str(getattr(document, "number", ""))


def as_stated(options: PortalOptions, decimal: str, dates: str) -> PortalOptions:
    """The supplier's settings with the notation a file was said to be written in; an unknown one changes nothing."""
    update: dict[str, Any] = {"decimal": decimal} if decimal in (".", ",") else {}
    if dates in ("iso", "d.m.y", "d/m/y", "m/d/y"):
        update["dates"] = dates
    return options.model_copy(update=update) if update else options


def events_of(message: StoredMessage, options: PortalOptions, codes: Codes) -> list[Event]:
    """The events of a message of the portal."""
    if message.content_type == JSON:
        try:
            document = read_form(message.topic, message.body)
        except ValidationError as error:
            raise SchemaInvalid(str(error)) from None
        mapped: Sequence[Mapped] = [Mapped(KINDS[message.topic][0], document)]
    else:
        name = message.headers.get("file-name", "")
        options = as_stated(options, message.headers.get("decimal", ""), message.headers.get("dates", ""))
        mapped = read_file(message.topic, message.body, message.system, options, codes, message.received_at, message.uid, name)
    return [
        Event(
            id=f"{message.uid}/{place}",
            type=each.type,
            source=message.system,
            key="",
            data=each.data,
            occurred_at=message.received_at,
            references=tuple(Reference("purchase:order", order) for order in orders_of(each.data)),
        )
        for place, each in enumerate(mapped)
    ]
