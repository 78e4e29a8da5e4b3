"""Joins ledger, connectors and the proof of money: reads the facts, asks the systems that can be asked, and judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from pydantic import ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.connectors.protocol import Question
from crossdock.core.errors import CrossdockError
from crossdock.finance.reconciliation.commanded import ledger_facts
from crossdock.finance.reconciliation.facts import Fact, Proof
from crossdock.finance.reconciliation.gathering import gather, posted_journals
from crossdock.finance.reconciliation.proof import prove
from crossdock.finance.reconciliation.records import COMMANDS, EVENTS, Done, Told
from crossdock.finance.settlement import Settlement, settle
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.ids import written
from crossdock.ledger.money import MoneyEvent, Movements, movements, open_disputes
from crossdock.ledger.session import Session
from crossdock.pipeline.runtime import Runtime

JOURNALS: Final = "journals.posted"
OURS: Final = ("RT-*",)
"""How end-to-end ids of our transfers look where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Records:
    """The ledger's records of money as the proof reads them; `forgotten` had no payload any more, `unreadable` are their numbers."""

    told: tuple[Told, ...]
    done: tuple[Done, ...]
    forgotten: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What systems said when they were asked: facts by system, and who could not answer and why."""

    journals: Mapping[str, list[dict[str, str]]]
    silent: Mapping[str, str]


def records(session: Session, since: date) -> Records:
    """Read everything of money since a day (UTC)."""
    found = movements(session, EVENTS, COMMANDS, _micros(since))
    return _records(found)


def proved(kept: Records, answers: Answers, day: date, grace: int, ours: tuple[str, ...]) -> Proof:
    """The proof of the records, with what the finance systems themselves have posted where they answered."""
    facts = gather(kept.told, kept.done, ours)
    for system, journals in answers.journals.items():
        facts = posted_journals(system, journals, facts)
    return prove(facts, day, grace)


def settlements(session: Session, begin: date, end: date) -> list[Settlement]:
    """The settlements of carriers for the invoices issued in a period; an invoice with a person is disputed."""
    kept = records(session, begin)
    disputed = {
        (str(detail.get("carrier") or ""), str(detail.get("invoice") or "")): message
        for _, _, message, detail in open_disputes(session, "freight.")
    }
    booked: list[Fact] = ledger_facts(kept.done)
    return settle(kept.told, booked, disputed, begin, end)


async def asked(runtime: Runtime, begin: date, end: date) -> Answers:
    """Ask every finance system for the journals it has posted. One that cannot answer is named; its acknowledgements are used instead."""
    found: dict[str, list[dict[str, str]]] = {}
    silent: dict[str, str] = {}
    for name, participant in runtime.participants.items():
        connector: Any = participant.connector
        if JOURNALS not in type(connector).capabilities_for(connector.context.options).questions:
            continue
        try:
            await connector.start()
            answer = await connector.ask(Question(JOURNALS, {"from": begin.isoformat(), "to": end.isoformat()}))
            found[name] = list(answer["journals"])
        except CrossdockError as error:
            silent[name] = error.message
        finally:
            await connector.close()
    for participant in runtime.participants.values():
        await participant.http.close()
    return Answers(found, silent)


def transfer_patterns(runtime: Runtime) -> tuple[str, ...]:
    """How the end-to-end ids of our transfers look, as the banks' options say."""
    found: dict[str, None] = {}
    for participant in runtime.participants.values():
        options: Any = getattr(getattr(participant.connector, "context", None), "options", None)
        found.update(dict.fromkeys(getattr(options, "transfers", ()) or ()))
    return tuple(found) or OURS


def declared_patterns(landscape: Landscape) -> tuple[str, ...]:
    """The same as the landscape's files say it, for whoever has no connectors."""
    found = dict.fromkeys(str(each) for system in landscape.systems.values() for each in system.options.get("transfers") or ())
    return tuple(found) or OURS


def read_events(events: Iterable[MoneyEvent]) -> tuple[list[Told], list[str]]:
    """Events as the pure rooms read them, and the numbers of those that cannot be read."""
    told: list[Told] = []
    unreadable: list[str] = []
    for each in events:
        try:
            data = EVENT_PAYLOADS[each.type].model_validate_json(each.data)
        except ValidationError:
            unreadable.append(written(each.id))
            continue
        told.append(Told(each.type, data, each.source, each.key, _day(each.occurred_at), f"event {written(each.id)}"))
    return told, unreadable


def _records(found: Movements) -> Records:
    told, unreadable = read_events(found.events)
    done = [
        Done(one.name, one.system, one.command, one.key, one.data, one.ack, _day(one.settled_at), f"delivery {written(one.id)}")
        for one in found.deliveries
    ]
    return Records(tuple(told), tuple(done), found.forgotten, tuple(unreadable))


def _micros(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000


def _day(micros: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).date()
