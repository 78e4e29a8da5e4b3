"""The register of drills in the ledger: figures of each, the last of each kind; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.core.drill_plan import Held
from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, DeliveryState
from crossdock.ledger.times import moment

_COLUMNS: Final = ("id", "name", "partner", "flow", "began_at", "passed", "author", "figures")
_LISTED: Final = ", ".join(_COLUMNS)


@dataclass(frozen=True, slots=True)
class KeptDrill:
    """One drill of the register. `began_at` is in microseconds since 1970, `figures` what it measured."""

    id: int
    name: str
    partner: str
    flow: str
    began_at: int
    passed: bool
    author: str
    figures: dict[str, Any]


def enter(
    session: Session, numbers: Numbers, figures: Mapping[str, Any], began_at: int, author: str, at: int, partner: str = "", flow: str = ""
) -> int:  # fmt: skip
    """Keep a drill's figures, which name it (`drill`) and say whether it `passed`; recorded in the audit chain by the hub."""
    number, name, passed = numbers.next(), str(figures["drill"]), bool(figures["passed"])
    row = (number, name, partner, flow, began_at, passed, author, orjson.dumps(dict(figures), default=str).decode())
    session.insert("ledger_drill", _COLUMNS, [row])
    detail = {"drill": name, "partner": partner, "flow": flow, "passed": passed, "lost": figures.get("lost"), "doubled": figures.get("doubled")}  # fmt: skip
    record(session, numbers.next(), "person:drill:held", author, detail, at, name)
    return number


def there_are(session: Session) -> bool:
    """Whether this ledger has a register at all; one of an earlier release does not."""
    if session.vendor == "sqlite":
        return bool(session.rows("SELECT 1 FROM sqlite_master WHERE name='ledger_drill'"))
    return bool(session.rows("SELECT 1 WHERE to_regclass('ledger_drill') IS NOT NULL"))


def history(session: Session, most: int = 100, before: int = 2**63 - 1) -> list[KeptDrill]:
    """Drills numbered below `before`, the newest first."""
    sql = f"SELECT {_LISTED} FROM ledger_drill WHERE id<? ORDER BY id DESC LIMIT {int(most)}"
    return [_kept(row) for row in session.rows(sql, (before,))]


def one(session: Session, number: int) -> KeptDrill | None:
    """The drill of this number."""
    rows = session.rows(f"SELECT {_LISTED} FROM ledger_drill WHERE id=?", (number,))
    return _kept(rows[0]) if rows else None


def last(session: Session, name: str, before: int = 2**63 - 1, partner: str = "", flow: str = "") -> KeptDrill | None:
    """The last drill of this kind numbered below `before`, held with the same partner and flow."""
    rows = session.rows(
        f"SELECT {_LISTED} FROM ledger_drill WHERE name=? AND partner=? AND flow=? AND id<? ORDER BY id DESC LIMIT 1",
        (name, partner, flow, before),
    )
    return _kept(rows[0]) if rows else None


def held(session: Session) -> list[Held]:
    """Of each drill with each partner and flow the last one, and the last that passed: what due dates are judged by."""
    rows = session.rows(
        "SELECT name, partner, flow, MAX(began_at), MAX(CASE WHEN passed THEN began_at ELSE NULL END) FROM ledger_drill "
        "GROUP BY name, partner, flow"
    )
    return [
        Held(name, partner, flow, moment(at), None if good is None else moment(good)) for name, partner, flow, at, good in rows
    ]


@dataclass(frozen=True, slots=True)
class Course:
    """What became of the deliveries to one system since a moment, those that were open then included. `doubled` and `disordered` name their keys;
    `effects` are the moments (seconds since 1970) of accepted attempts."""

    deliveries: int
    accepted: int
    open: int
    uncertain: int
    excepted: int
    doubled: tuple[str, ...]
    disordered: tuple[str, ...]
    effects: tuple[float, ...]

    def moved(self, since: float) -> float | None:
        """When the system first took something after a moment; None while it has not."""
        return min((at for at in self.effects if at > since), default=None)


def course(session: Session, system: str, since: int, until: int = 2**63 - 1) -> Course:
    """The course since `since` (microseconds since 1970), by what the ledger kept of every attempt; open are those made before `until`."""
    open_ = ",".join(str(int(each)) for each in OPEN_DELIVERIES)
    rows = session.rows(
        f"SELECT id, key, state, created_at FROM ledger_delivery WHERE system=? AND (created_at>=? OR settled_at>=? OR state IN ({open_}))",
        (system, since, since),
    )
    keys = {int(number): str(key) for number, key, _, _ in rows}
    states = [int(state) for _, _, state, _ in rows]
    unsettled = {int(each) for each in OPEN_DELIVERIES}
    attempts = session.rows(
        "SELECT a.delivery_id, a.started_at, a.micros FROM ledger_attempt a JOIN ledger_delivery d ON d.id=a.delivery_id "
        "WHERE d.system=? AND a.started_at>=? AND a.outcome='accepted' ORDER BY a.started_at, a.id",
        (system, since),
    )
    times: dict[int, int] = {}
    doubled: dict[str, None] = {}
    disordered: dict[str, None] = {}
    newest: dict[str, int] = {}
    for number, _, _ in attempts:
        key = keys.get(int(number), str(number))
        times[number] = times.get(number, 0) + 1
        if times[number] > 1:
            doubled[key] = None
        if number < newest.get(key, 0):
            disordered[key] = None
        newest[key] = max(number, newest.get(key, 0))
    excepted = session.rows(
        "SELECT COUNT(*) FROM ledger_exception WHERE system=? AND created_at>=? AND state<2",
        (system, since),
    )[0][0]
    return Course(
        deliveries=len(rows),
        accepted=states.count(int(DeliveryState.ACCEPTED)),
        open=sum(int(state) in unsettled and int(made) < until for _, _, state, made in rows),
        uncertain=states.count(int(DeliveryState.UNCERTAIN)),
        excepted=int(excepted),
        doubled=tuple(doubled),
        disordered=tuple(disordered),
        effects=tuple((int(started) + int(micros)) / 1e6 for _, started, micros in attempts),
    )


def _kept(row: Row) -> KeptDrill:
    number, name, partner, flow, began_at, passed, author, figures = row
    return KeptDrill(int(number), name, partner, flow, int(began_at), bool(passed), author, orjson.loads(figures))
