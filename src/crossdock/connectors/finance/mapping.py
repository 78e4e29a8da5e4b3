"""Journals as the contract writes them, and its acknowledgements as events. Pure; amounts stay decimals written as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import orjson
from pydantic import ValidationError

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.journal import Journal, JournalAcknowledgement, JournalLine
from crossdock.canonical.values import Money
from crossdock.connectors.exact_json import read_fast
from crossdock.connectors.finance.options import FinanceOptions
from crossdock.connectors.protocol import Inbound, ValueMaps
from crossdock.connectors.wrong_fields import wrong_fields
from crossdock.core.commands import Command
from crossdock.core.errors import JournalUnbalanced, PayloadMalformed, SchemaInvalid

ACKNOWLEDGEMENT: Final = "acknowledgement"


def journal_of(command: Command) -> Journal:
    """The journal a command carries. Raises `JournalUnbalanced`, `SchemaInvalid`."""
    try:
        return Journal.model_validate(command.data.get("journal"))
    except ValidationError as error:
        problems = wrong_fields(error)
        unbalanced = next((each["message"] for each in problems if "balance" in each["message"]), "")
        if unbalanced:
            raise JournalUnbalanced(unbalanced, problems=problems) from None
        raise SchemaInvalid(f"the journal cannot be posted: {problems[0]['message']}", problems=problems) from None


def journal_body(journal: Journal, command: Command, options: FinanceOptions, maps: ValueMaps) -> dict[str, Any]:
    """The journal of the contract (openapi.yaml, Journal). Raises `ValueMapMissing` for an account without a counterpart."""
    lines = [_line(each, options, maps) for each in journal.lines]
    total = sum((each.debit.amount for each in journal.lines if each.debit is not None), Money.zero(journal.currency).amount)
    return {
        "number": journal.number,
        "company": journal.company or options.company,
        "book": journal.book,
        "document": journal.document,
        "document_number": journal.document_number,
        "order_number": journal.order_number,
        "posting_date": journal.posting_date.isoformat(),
        "document_date": journal.document_date.isoformat() if journal.document_date else "",
        "period": journal.period or f"{journal.posting_date:%Y-%m}",
        "currency": journal.currency,
        "total": f"{total:f}",
        "reverses": journal.reverses,
        "justified_by": journal.justified_by,
        "approved_by": str(command.data.get("approved_by") or ""),
        "description": journal.description,
        "lines": lines,
    }


def _line(line: JournalLine, options: FinanceOptions, maps: ValueMaps) -> dict[str, Any]:
    return {
        "number": line.number,
        "account": maps.reverse(options.accounts, line.account) if options.accounts else line.account,
        "debit": _said(line.debit),
        "credit": _said(line.credit),
        "party": line.party,
        "tax_code": line.tax_code,
        "tax_percent": "" if line.tax_percent is None else f"{line.tax_percent:f}",
        "cost_centre": line.cost_centre,
        "reference": line.reference,
        "description": line.description,
    }


def _said(money: Money | None) -> str:
    return "" if money is None else f"{money.amount:f}"


def scheme(system: str) -> str:
    """The scheme of references by which a journal is found."""
    return f"journal:{system}"


def ack(number: str, told: Mapping[str, Any], system: str) -> dict[str, Any]:
    """The acknowledgement of `journal.post`."""
    return {
        "posted_number": str(told.get("posted_number") or ""),
        "posting_date": str(told.get("posting_date") or ""),
        "status": "posted" if told.get("status") == "posted" else "pending",
        "references": [[scheme(system), number]],
    }


def inbound(item: Any) -> Inbound:
    """One line of the feed of acknowledgements as a message; one without a sequence number is refused when it is read."""
    body = orjson.dumps(item)
    return Inbound(
        ACKNOWLEDGEMENT, f"ack/{sequence(item)}" if sequence(item) else f"ack#{blake2b(body, digest_size=16).hexdigest()}", body
    )


def sequence(item: Any) -> int:
    """Where a line stands in the feed; 0 when it does not say."""
    found = item.get("seq") if isinstance(item, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def acknowledged(body: bytes, system: str, received: datetime) -> list[Event]:
    """`journal.acknowledged` of one line of the feed. Raises `PayloadMalformed`, `SchemaInvalid`."""
    item = read_fast(body)
    if not sequence(item):
        raise PayloadMalformed("an acknowledgement is an object with a `seq` above zero")
    return [event_of(item, system, received)]


def event_of(item: Mapping[str, Any], system: str, received: datetime) -> Event:
    """An acknowledgement as the hub knows it; the same verdict told twice is one event. Raises `SchemaInvalid`."""
    told = {key: value for key, value in item.items() if value not in ("", None)}
    told.setdefault("at", received.isoformat())
    try:
        found = JournalAcknowledgement.model_validate(told)
    except ValidationError as error:
        problems = wrong_fields(error)
        raise SchemaInvalid(f"the acknowledgement cannot be read: {problems[0]['message']}", problems=problems) from None
    identity = f"{found.number}/{found.verdict}/{found.posted_number or found.at.isoformat()}"
    references = (Reference(scheme(system), found.number),)
    return Event(identity, "journal.acknowledged", system, "", found, found.at, references)


def posted(answer: Sequence[Any]) -> list[dict[str, str]]:
    """The journals the finance system has, as reconciling compares them. Raises `PayloadMalformed`."""
    fields = ("number", "posted_number", "posting_date", "currency", "total")
    found = []
    for each in answer:
        if not isinstance(each, dict) or not all(isinstance(each.get(name), str) for name in fields):
            raise PayloadMalformed(f"a journal in the list lacks one of {', '.join(fields)}")
        found.append({name: each[name] for name in fields})
    return found
