"""The inbox of exceptions: groups by fingerprint, single entries, filters, earlier resolutions; reads only, counts only what is open.

Every list of open exceptions is answered from the index `exception_inbox` alone; rows are read only for what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from crossdock.ledger.people import FIELDS, OpenException, exception_of
from crossdock.ledger.retention import number_at
from crossdock.ledger.session import Session
from crossdock.ledger.states import ExceptionState
from crossdock.ledger.windows import Window, condition

Standing = Literal["open", "active", "retrying", "snoozed", "proposed", "resolved"]
"""`open`: needs somebody now; `active`: everything unresolved; `proposed`: a correction waits for its second person."""
STANDINGS: Final[tuple[Standing, ...]] = ("open", "active", "retrying", "snoozed", "proposed", "resolved")
EQUALS: Final = ("owner", "assignee", "flow", "system", "code", "step", "fingerprint", "key")
"""Columns a filter compares as they are."""
LOOK_BACK: Final = 90 * 86_400_000_000
"""How far resolved exceptions are listed back when nobody says since when."""
PAGE: Final = 50
_RESOLVED: Final = int(ExceptionState.RESOLVED)
_RETRYING: Final = int(ExceptionState.RETRYING)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which exceptions. Empty means any. Times are microseconds since 1970.

    `before` and `since` bound when it opened, `due_before` its clock: its deadline, or what `within` (microseconds) gives for an answer
    when it has none. `systems` is a choice of several (a region, a partner), None any.
    `bound` leaves out what came later than this number.
    """

    standing: Standing = "open"
    owner: str = ""
    assignee: str = ""
    flow: str = ""
    system: str = ""
    code: str = ""
    step: str = ""
    fingerprint: str = ""
    key: str = ""
    before: int | None = None
    since: int | None = None
    due_before: int | None = None
    systems: tuple[str, ...] | None = None
    bound: int | None = None
    within: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """What is chosen, as JSON values; what is left empty is left out, and `within` where the clock chooses nothing."""
        found = {
            each.name: getattr(self, each.name) for each in fields(self) if each.name != "within" or self.due_before is not None
        }
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value not in ("", None)
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Filter:
        """The filter of `as_dict`. Raises ValueError for a name that is no part of a filter or a standing that is none."""
        unknown = set(found) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"exceptions are not filtered by {', '.join(sorted(unknown))}")
        if found.get("standing", "open") not in STANDINGS:
            raise ValueError(f"{found['standing']!r} is no standing; there are {', '.join(STANDINGS)}")
        systems = found.get("systems")
        return cls(**{**found, "systems": None if systems is None else tuple(systems)})


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in minor units of one currency."""

    currency: str
    minor: int


@dataclass(slots=True)
class Group:
    """Open exceptions with one cause. `orders` counts business keys; `money` is each order's amount once."""

    fingerprint: str
    count: int
    first: int
    last: int
    due: int | None
    orders: int = 0
    money: list[Money] = field(default_factory=list)
    sample: OpenException | None = None
    owners: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ends: the values the list is ordered by, of the last entry shown."""

    value: int
    tie: str = ""


def where(chosen: Filter, now: int, windows: Sequence[Window] | None) -> tuple[str, list[Any]]:
    """The condition of a filter within what somebody may see; `now` decides what is snoozed."""
    parts = [_standing(chosen.standing)]
    args: list[Any] = [now] * parts[0].count("?")
    for name in EQUALS:
        value = getattr(chosen, name)
        if value:
            parts.append(f"{name}=?")
            args.append("" if value == "-" and name in ("owner", "assignee") else value)
    if chosen.systems is not None:
        parts.append(f"system IN ({','.join('?' * len(chosen.systems))})" if chosen.systems else "1=0")
        args += chosen.systems
    for column, sign, value in (
        ("created_at", "<", chosen.before),
        ("created_at", ">=", chosen.since),
        (clock(chosen.within), "<", chosen.due_before),
        ("id", "<=", chosen.bound),
    ):
        if value is not None:
            parts.append(f"{column}{sign}?")
            args.append(value)
    inside, more = condition(windows)
    return " AND ".join([*parts, inside]), [*args, *more]


def clock(within: int | None) -> str:
    """When somebody has to have acted, in SQL."""
    return "due" if within is None else f"COALESCE(due,created_at+{int(within)})"


def _standing(standing: Standing) -> str:
    unresolved = f"state<{_RESOLVED}"
    return {
        "open": f"{unresolved} AND state<>{_RETRYING} AND correction IS NULL AND (snoozed_until IS NULL OR snoozed_until<=?)",
        "active": unresolved,
        "retrying": f"{unresolved} AND state={_RETRYING}",
        "snoozed": f"{unresolved} AND snoozed_until>?",
        "proposed": f"{unresolved} AND correction IS NOT NULL",
        "resolved": f"state={_RESOLVED}",
    }[standing]


def _from(session: Session, chosen: Filter) -> str:
    """The table, and on SQLite the index that holds everything asked for: its planner would rather walk the rows in order of number."""
    if session.vendor == "sqlite" and chosen.standing != "resolved":
        if chosen.key:
            return "ledger_exception"
        return "ledger_exception INDEXED BY exception_inbox"
    return "ledger_exception"


def entries(
    session: Session,
    chosen: Filter,
    now: int,
    *,
    windows: Sequence[Window] | None = None,
    order: Literal["newest", "oldest", "due", "money"] = "newest",
    after: Place | None = None,
    limit: int = PAGE,
) -> list[OpenException]:
    """One page of exceptions, those after `after` in the order asked for."""
    ids = numbers(session, chosen, now, windows=windows, order=order, after=after, limit=limit)
    found = {row[0]: exception_of(row) for row in session.rows_in(f"SELECT {FIELDS} FROM ledger_exception WHERE id {{in}}", ids)}
    return [found[number] for number in ids if number in found]


_ORDERS: Final = {
    "newest": ("id", "DESC", "<"),
    "oldest": ("id", "ASC", ">"),
    "due": ("", "ASC", ">"),
    "money": ("COALESCE(amount,-1)", "DESC", "<"),
}


def numbers(
    session: Session,
    chosen: Filter,
    now: int,
    *,
    windows: Sequence[Window] | None = None,
    order: str = "newest",
    after: Place | None = None,
    limit: int = PAGE,
) -> list[int]:
    """The numbers of one page of exceptions."""
    condition_, args = where(chosen, now, windows)
    column, way, beyond = _ORDERS[order]
    column = column or f"COALESCE({clock(chosen.within)},9223372036854775807)"
    if chosen.standing == "resolved" and chosen.since is None and not (chosen.key or chosen.fingerprint):
        condition_ += " AND id>=?"
        args.append(number_at(now - LOOK_BACK))
    if after is not None:
        if column == "id":
            condition_ += f" AND id{beyond}?"
            args.append(after.value)
        else:
            condition_ += f" AND ({column}{beyond}? OR ({column}=? AND id<?))"
            args += [after.value, after.value, int(after.tie)]
    tie = "" if column == "id" else ", id DESC"
    rows = session.rows(
        f"SELECT id FROM {_from(session, chosen)} WHERE {condition_} ORDER BY {column} {way}{tie} LIMIT {int(limit)}", args
    )
    return [number for (number,) in rows]


def place_of(entry: OpenException, order: str, within: int | None = None) -> Place:
    """Where a page in this order ends with this entry; `within` as in the filter."""
    if order == "due":
        due = entry.due if entry.due is not None else None if within is None else entry.created_at + within
        return Place(9223372036854775807 if due is None else due, str(entry.id))
    if order == "money":
        return Place(-1 if entry.amount is None else entry.amount, str(entry.id))
    return Place(entry.id)


def groups(
    session: Session,
    chosen: Filter,
    now: int,
    *,
    windows: Sequence[Window] | None = None,
    order: Literal["count", "last"] = "last",
    after: Place | None = None,
    limit: int = PAGE,
) -> list[Group]:
    """One page of groups with counts, times, orders and money; the most recent (or largest) first."""
    condition_, args = where(chosen, now, windows)
    by = "MAX(updated_at)" if order == "last" else "COUNT(*)"
    having = ""
    if after is not None:
        having = f" HAVING {by}<? OR ({by}=? AND fingerprint<?)"
        args += [after.value, after.value, after.tie]
    rows = session.rows(
        f"SELECT fingerprint, COUNT(*), MIN(created_at), MAX(updated_at), MIN({clock(chosen.within)}), MAX(id), COUNT(DISTINCT owner) "
        f"FROM {_from(session, chosen)} WHERE {condition_} GROUP BY fingerprint{having} "
        f"ORDER BY {by} DESC, fingerprint DESC LIMIT {int(limit)}",
        args,
    )
    found = {row[0]: Group(row[0], row[1], row[2], row[3], row[4], owners=row[6]) for row in rows}
    if not found:
        return []
    samples = session.rows_in(f"SELECT {FIELDS} FROM ledger_exception WHERE id {{in}}", [row[5] for row in rows])
    for sample in map(exception_of, samples):
        found[sample.fingerprint].sample = sample
    condition_, args = where(chosen, now, windows)
    _at_risk(session, chosen, condition_, args, found)
    return list(found.values())


def _at_risk(session: Session, chosen: Filter, condition_: str, args: list[Any], found: Mapping[str, Group]) -> None:
    """Orders and money of groups. An order that is stuck twice in a group counts once."""
    rows = session.rows_in(
        "SELECT fingerprint, currency, SUM(CASE WHEN key='' THEN 0 ELSE 1 END), SUM(amount) FROM ("
        "SELECT fingerprint, currency, key, CASE WHEN key='' THEN SUM(amount) ELSE MAX(amount) END AS amount "
        f"FROM {_from(session, chosen)} WHERE {condition_} AND fingerprint {{in}} GROUP BY fingerprint, currency, key) AS orders "
        "GROUP BY fingerprint, currency ORDER BY fingerprint, currency",
        list(found),
        args,
    )
    for fingerprint, currency, orders, amount in rows:
        group = found[fingerprint]
        group.orders += int(orders)
        if currency and amount is not None:
            group.money.append(Money(currency, int(amount)))


def at_risk(session: Session, chosen: Filter, now: int, windows: Sequence[Window] | None = None) -> tuple[int, int, list[Money]]:
    """How many exceptions a filter finds, how many orders they touch, and the money at risk, each order once."""
    condition_, args = where(chosen, now, windows)
    if session.vendor == "sqlite":
        # its grouping sorts every row first, which takes ten times as long as counting them here
        worth: dict[tuple[str, str], int] = {}
        orders: set[str] = set()
        rows = session.rows(f"SELECT currency, key, amount FROM {_from(session, chosen)} WHERE {condition_}", args)
        for currency, key, amount in rows:
            if key:
                orders.add(key)
            if amount is not None and currency:
                before = worth.get((currency, key), 0)
                worth[currency, key] = max(before, amount) if key else before + amount
        totals: Counter[str] = Counter()
        for (currency, _), amount in worth.items():
            totals[currency] += amount
        return len(rows), len(orders), [Money(currency, amount) for currency, amount in sorted(totals.items())]
    rows = session.rows(
        "SELECT currency, SUM(n), SUM(CASE WHEN key='' THEN 0 ELSE 1 END), SUM(amount) FROM ("
        "SELECT currency, key, COUNT(*) AS n, CASE WHEN key='' THEN SUM(amount) ELSE MAX(amount) END AS amount "
        f"FROM {_from(session, chosen)} WHERE {condition_} GROUP BY currency, key) AS orders GROUP BY currency ORDER BY currency",
        args,
    )
    money = [Money(currency, int(amount)) for currency, _, _, amount in rows if currency and amount is not None]
    return sum(int(row[1]) for row in rows), sum(int(row[2]) for row in rows), money


def earlier(session: Session, fingerprint: str, limit: int = 5) -> list[OpenException]:
    """How exceptions with this fingerprint were settled before, newest first; those a person settled go before the hub's own."""
    rows = session.rows(
        f"SELECT {FIELDS} FROM ledger_exception WHERE fingerprint=? AND state={_RESOLVED} ORDER BY id DESC LIMIT 200",
        (fingerprint,),
    )
    found = [exception_of(row) for row in rows]
    found.sort(key=lambda each: (each.resolved_by in ("", "hub"), -each.id))
    return found[:limit]


def facets(session: Session, now: int, windows: Sequence[Window] | None = None) -> dict[str, list[tuple[str, int]]]:
    """What the open exceptions may be filtered by: values with counts, the commonest first."""
    condition_, args = where(Filter("active"), now, windows)
    columns, source = "owner, assignee, flow, system, code, step", f"{_from(session, Filter())} WHERE {condition_}"
    if session.vendor == "sqlite":
        seen = Counter(session.rows(f"SELECT {columns} FROM {source}", args))
        rows = [(*values, count) for values, count in seen.items()]
    else:
        rows = session.rows(f"SELECT {columns}, COUNT(*) FROM {source} GROUP BY {columns}", args)
    names = ("owner", "assignee", "flow", "system", "code", "step")
    counted: dict[str, dict[str, int]] = {name: {} for name in names}
    for *values, count in rows:
        for name, value in zip(names, values, strict=True):
            if value:
                counted[name][value] = counted[name].get(value, 0) + int(count)
    return {name: sorted(found.items(), key=lambda each: (-each[1], each[0])) for name, found in counted.items()}


def counts(
    session: Session, now: int, windows: Sequence[Window] | None = None, mine: Iterable[str] = (), within: int | None = None
) -> dict[str, int]:
    """How many exceptions stand where; `mine` are the names under which somebody is assigned some, `within` as in the filter."""
    condition_, args = where(Filter("active"), now, windows)
    names = list(mine)
    is_mine = f"assignee IN ({','.join('?' * len(names))})" if names else "1=0"
    [row] = session.rows(
        f"SELECT COUNT(*), COUNT(*) FILTER (WHERE state={_RETRYING}), COUNT(*) FILTER (WHERE snoozed_until>?), COUNT(correction), "
        f"COUNT(*) FILTER (WHERE {is_mine}), COUNT(*) FILTER (WHERE {clock(within)}<?), COUNT(*) FILTER (WHERE state<>{_RETRYING} AND "
        f"correction IS NULL AND (snoozed_until IS NULL OR snoozed_until<=?)) FROM {_from(session, Filter())} WHERE {condition_}",
        [now, *names, now, now, *args],
    )
    places = ("active", "retrying", "snoozed", "proposed", "mine", "late", "open")
    return {name: int(value) for name, value in zip(places, row, strict=True)}
