"""Payments on statements matched to open invoices of the ledger, each entry once; what was found may be taken as messages of the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import orjson

from crossdock.canonical.bank import BankStatement
from crossdock.connectors.protocol import Inbound
from crossdock.finance.matching.deciding import match_entries
from crossdock.finance.matching.items import Match, Terms
from crossdock.finance.matching.papers import document_of, open_papers
from crossdock.finance.statements.reading import name
from crossdock.ledger.ids import Numbers
from crossdock.ledger.intake import accept
from crossdock.ledger.money import last_told, movements, taken
from crossdock.ledger.session import Session
from crossdock.pipeline.correlation import new_correlation
from crossdock.pipeline.intake import message_row
from crossdock.pipeline.reconciling import read_events

PAPERS: Final = ("customer_invoice.created", "customer_invoice.posted", "customer_invoice.paid", "customer_invoice.cancelled")
STATEMENT: Final = "statement.received"
CHANNEL: Final = "matching"
PAYMENT: Final = "payment"


@dataclass(frozen=True, slots=True)
class Found:
    """One entry: the bank's system, its identity over all statements, the match, and all of it as a document."""

    system: str
    identity: str
    match: Match
    document: dict[str, Any]


def matched(session: Session, since: date, terms: Terms, system: str = "") -> list[Found]:
    """Match the incoming payments on statements told since a day, of one bank or all. Entries whose match was taken already are left out."""
    begin = int(datetime.combine(since, time(), UTC).timestamp()) * 1_000_000
    told, _ = read_events(movements(session, (STATEMENT,), ("payment.register",), begin).events)
    entries: dict[str, tuple[str, BankStatement, int]] = {}
    for each in told:
        statement = each.data
        # a report of the day and a notification tell what the statement will tell again
        if isinstance(statement, BankStatement) and statement.kind == "statement" and (not system or each.source == system):
            for place, entry in enumerate(statement.entries):
                if entry.status == "booked" and entry.direction == "credit":
                    entries.setdefault(f"{name(statement)}/{entry.reference}", (each.source, statement, place))
    for bank in sorted({source for source, _, _ in entries.values()}):
        for known in taken(session, bank, CHANNEL, [key for key, one in entries.items() if one[0] == bank]):
            del entries[known]
    papers = open_papers(read_events(last_told(session, PAPERS))[0])
    found = match_entries(
        [statement.entries[place] for _, statement, place in entries.values()], [each.item() for each in papers.values()], terms
    )
    return [
        Found(source, identity, match, document_of(statement, name(statement), match, papers))
        for (identity, (source, statement, _)), match in zip(entries.items(), found, strict=True)
    ]


def take(session: Session, found: Sequence[Found], numbers: Numbers, partitions: int, now: datetime) -> int:
    """Store what was found as messages of the banks, each once; the hub registers what is certain and asks people for the rest."""
    at = int(now.timestamp() * 1_000_000)
    rows = [
        message_row(
            numbers.next(),
            partitions,
            each.system,
            CHANNEL,
            Inbound(PAYMENT, each.identity, orjson.dumps(each.document)),
            at,
            new_correlation(),
        )
        for each in found
    ]
    return len(accept(session, rows)) if rows else 0
