"""The system-of-record matrix in the landscape's own words, with its roles resolved, and what the ledger refused in a week; decides nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.landscape import Landscape, players
from crossdock.landscape.models.ownership import Tenure
from crossdock.ledger import refusals
from crossdock.ledger.ids import written
from crossdock.ledger.times import micros, moment
from crossdock.workbench.ownership.shapes import EntityOut, EventOut, FieldGroupOut, OwnershipOut, RefusedOut, TenureOut
from crossdock.workbench.place import place

WEEK: Final = timedelta(days=7)


def matrix() -> OwnershipOut:
    """As it is today. Raises `LedgerUnavailable`."""
    here = place()
    now = here.clock.now()
    since = now - WEEK
    found = here.read(lambda session: refusals.since(session, micros(since)))
    return OwnershipOut(
        day=now.date(), entities=_entities(here.landscape, now.date()), events=_events(here.landscape), since=since,
        refused=[
            RefusedOut(
                at=moment(each.at), system=each.system, what=each.what, field=each.field, owners=list(each.owners), outcome=each.outcome,
                code=each.code, key=each.key, exception=written(each.exception) if each.exception else "", times=each.times,
            )
            for each in found
        ],
    )  # fmt: skip


def _systems(landscape: Landscape, names: Iterable[str]) -> list[str]:
    roles = players(landscape.flows.values())
    return list(dict.fromkeys(system for name in names for system in roles.get(name, (name,))))


def _tenures(landscape: Landscape, found: Sequence[Tenure], today: date) -> list[TenureOut]:
    return [
        TenureOut(
            systems=_systems(landscape, each.systems), since=each.since, until=each.until,
            now=(each.since is None or each.since <= today) and (each.until is None or today < each.until),
        )
        for each in found
    ]  # fmt: skip


def _entities(landscape: Landscape, today: date) -> list[EntityOut]:
    carried: dict[str, list[str]] = {}
    for event, payload in EVENT_PAYLOADS.items():
        if event in landscape.ownership_file.events:
            carried.setdefault(payload.schema_name, []).append(event)
    return [
        EntityOut(
            entity=name, events=carried.get(name, []),
            groups=[
                FieldGroupOut(name="", fields=[], owners=_tenures(landscape, entity.owner, today), others=entity.others),
                *(
                    FieldGroupOut(name=group, fields=list(part.fields), owners=_tenures(landscape, part.owner, today), others=part.others)
                    for group, part in entity.groups.items()
                ),
            ],
        )
        for name, entity in landscape.ownership_file.entities.items()
    ]  # fmt: skip


def _events(landscape: Landscape) -> list[EventOut]:
    return [
        EventOut(
            event=event, entity=EVENT_PAYLOADS[event].schema_name if event in EVENT_PAYLOADS else "",
            originates=_systems(landscape, who.originates), enriches=_systems(landscape, who.enriches),
            validates=_systems(landscape, who.validates), finalizes=_systems(landscape, who.finalizes),
            closed_within=who.closed_within.total_seconds() if who.finalizes and who.closed_within is not None else None,
        )
        for event, who in landscape.ownership_file.events.items()
    ]  # fmt: skip


def as_csv(found: OwnershipOut, part: str) -> str:
    """One part of it as CSV (RFC 4180): `owners`, `events` or `refused`."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in {"owners": _owner_rows, "events": _event_rows, "refused": _refused_rows}[part](found):
        writer.writerow([_harmless(str(cell)) for cell in row])
    return text.getvalue()


def _owner_rows(found: OwnershipOut) -> Iterable[Sequence[Any]]:
    yield "entity", "group", "fields", "owners", "since", "until", "now", "others"
    for entity in found.entities:
        for group in entity.groups:
            for each in group.owners:
                yield (entity.entity, group.name, " ".join(group.fields), " ".join(each.systems), each.since or "", each.until or "",
                       each.now, group.others)  # fmt: skip


def _event_rows(found: OwnershipOut) -> Iterable[Sequence[Any]]:
    yield "event", "entity", "originates", "enriches", "validates", "finalizes", "closed within seconds"
    for each in found.events:
        yield (each.event, each.entity, *(" ".join(who) for who in (each.originates, each.enriches, each.validates, each.finalizes)),
               "" if each.closed_within is None else each.closed_within)  # fmt: skip


def _refused_rows(found: OwnershipOut) -> Iterable[Sequence[Any]]:
    yield "at", "system", "what", "field", "owners", "outcome", "code", "key", "exception", "times"
    for each in found.refused:
        yield (each.at.isoformat(), each.system, each.what, each.field, " ".join(each.owners), each.outcome, each.code, each.key,
               each.exception, each.times)  # fmt: skip


def _harmless(cell: str) -> str:
    """Spreadsheets run cells that begin so."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
