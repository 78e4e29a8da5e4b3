"""The watch: looks at the ledger now and then, finds what is wrong and tells it, in the one worker that owns the first partition."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import orjson

from crossdock.core.clock import Clock
from crossdock.core.errors import AlertUntold, BudgetExhausted, CrossdockError, Fenced, LedgerUnavailable, SecretMissing
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import alerts as kept
from crossdock.ledger import traffic
from crossdock.ledger.alerts import KeptAlert
from crossdock.ledger.batch import Batch
from crossdock.ledger.channels import fence
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.monitoring import feeds, phrases, sight, telling, wording
from crossdock.monitoring.condition import DIGEST, HUB, Condition
from crossdock.monitoring.counting import Counting
from crossdock.monitoring.routing import MAIL, routing
from crossdock.monitoring.teller import Parcel, send

log = logging.getLogger("crossdock.alerts")

PARTITION: Final = 0
"""Who owns it watches for all."""
REMEMBER: Final = timedelta(days=3)
"""Alerts that ended stay in memory so long: the next digest counts them."""
KEEP: Final = timedelta(days=90)
AWAY: Final = 60.0
"""Seconds without a ledger after which somebody is told although nothing can be noted."""
RECENT: Final = 30
"""Minutes of calls a system is judged by."""
TIDY_EVERY: Final = 3600.0
BUSY: Final = 30.0
"""The watch rests this many times as long as reading took, so that it never takes more than a thirtieth of the time."""

Contribute = Callable[[int, Callable[[Batch], None], Callable[[Session], None]], Awaitable[None]]
Send = Callable[[Sequence[Parcel]], Awaitable[list[str]]]
Fail = Callable[[str, CrossdockError | None], Awaitable[None]]
"""Opens an exception about a route, or with None settles it."""


class Gauges(Protocol):
    """What the watch shows to Prometheus."""

    def alerts(self, by_severity: Mapping[str, int], untold: int) -> None: ...

    def told(self, route: str, outcome: str) -> None: ...


class Watch:
    """Watches a ledger. `run` until cancelled."""

    def __init__(
        self,
        store: Store,
        landscape: Landscape,
        clock: Clock,
        numbers: Numbers,
        epoch: Callable[[int], int | None],
        contribute: Contribute,
        fail: Fail,
        secret: Callable[[str], str],
        gauges: Gauges,
        every: float = 10.0,
        sender: Send = send,
        more: Callable[[Session, datetime], list[Condition]] | None = None,
    ) -> None:
        self._store = store
        self._landscape = landscape
        self._clock = clock
        self._numbers = numbers
        self._epoch = epoch
        self._contribute = contribute
        self._fail = fail
        self._secret = secret
        self._gauges = gauges
        self._every = every
        self._send = sender
        self._more = more
        self._routing = routing(landscape)
        self._errors = sight.Errors()
        self._alerts: dict[str, KeptAlert] | None = None
        self._dirty: set[str] = set()
        self._owned: int | None = None
        self._failing: dict[str, str] = {}
        self._away_since: float | None = None
        self._tidied = 0.0
        self._cost = 0.0
        self._counting = Counting(landscape)
        self.also: Sequence[Callable[[Session, datetime], list[Condition]]] = ()
        """What else there is to look for, by those who know more than monitoring does."""

    async def run(self) -> None:
        """Watch until cancelled; a look that fails is followed by the next."""
        while True:
            try:
                await self.look()
                self._away_since = None
            except Fenced:
                self._forget()
            except LedgerUnavailable as error:
                log.warning("the watch waits for the ledger: %s", error.code)
                await self._without_ledger(error)
            except Exception:
                log.exception("a look of the watch failed")
            await asyncio.sleep(max(self._every, BUSY * self._cost))

    def _forget(self) -> None:
        self._alerts, self._owned = None, None
        self._dirty.clear()
        self._failing.clear()
        self._counting = Counting(self._landscape)

    async def look(self) -> None:
        """One look: count traffic, find conditions, tell what is due, note it. Does nothing where the duty is another worker's."""
        epoch = self._epoch(PARTITION)
        if epoch is None:
            self._forget()
            return
        if epoch != self._owned or self._alerts is None:
            self._forget()
            since = micros(self._clock.now() - REMEMBER)
            self._alerts = {each.identity: each for each in await self._store.read.do(lambda s: kept.kept(s, since))}
            self._owned = epoch
        await self._requests()
        await self._counting.step(self._store, self._numbers, self._clock.now(), lambda session: fence(session, PARTITION, epoch))
        began = asyncio.get_running_loop().time()
        conditions = await self._conditions()
        self._cost = asyncio.get_running_loop().time() - began
        await self._tell(conditions)
        await self._save(epoch)
        await self._tidy(epoch)

    # --- what is wrong --------------------------------------------------------------------------------------

    async def _conditions(self) -> list[Condition]:
        now = self._clock.now()
        at, landscape = micros(now), self._landscape

        def read(session: Session) -> list[Condition]:
            groups = kept.exception_groups(session)
            late = [group.sample for group in groups if group.code in sight.BY_SLOT]
            slots = kept.slots_of(session, late) if late else {}
            paging = frozenset({BudgetExhausted.code})
            found = sight.exceptions(groups, slots, landscape, self._errors, paging)
            found += sight.nearing(kept.nearing(session, at), landscape, at)
            silent = feeds.judge(landscape, self._counting.channels(now), self._counting.rhythms, now)
            # what was counted is some seconds old: nothing is called silent that has spoken since
            found += [
                each
                for each in silent
                if not traffic.received_since(session, each.system, each.subject, self._counting.mark or at)
            ]
            for more in self.also:
                found += more(session, now)
            found += feeds.degraded(landscape, self._counting.attempts(now, RECENT), self._counting.latencies, now, RECENT)
            if self._more is not None:
                found += self._more(session, now)
            return found

        return await self._store.read.do(read)

    # --- telling --------------------------------------------------------------------------------------------

    async def _tell(self, conditions: Sequence[Condition]) -> None:
        assert self._alerts is not None
        alerts, now = self._alerts, self._clock.now()
        at = micros(now)
        kept_notes = {name: each for name, each in alerts.items() if each.kind == DIGEST}
        others = {name: each for name, each in alerts.items() if each.kind != DIGEST}
        self._note(telling.observe(conditions, others, at, self._routing.settle, self._numbers.next))
        newest = {each.identity: each.newest for each in conditions}
        handled = frozenset(each.identity for each in conditions if each.taken)
        due = telling.plan(alerts.values(), newest, self._routing, now, handled)
        summaries, notes = telling.digests({**others, **kept_notes}, self._routing, now, self._numbers.next)
        self._note(notes)
        await self._deliver([*due, *summaries])
        await self._report_untold()

    def _note(self, changed: Sequence[KeptAlert]) -> None:
        assert self._alerts is not None
        for each in changed:
            self._alerts[each.identity] = each
            self._dirty.add(each.identity)

    async def _deliver(self, notifications: Sequence[telling.Notification]) -> None:
        """Send notifications and note what became of each: told when at least one of the route's targets took it."""
        assert self._alerts is not None
        if not notifications:
            return
        parcels: list[Parcel] = []
        places: list[tuple[int, str]] = []
        errors: dict[int, list[str]] = {place: [] for place in range(len(notifications))}
        for place, notification in enumerate(notifications):
            title, body = wording.title(notification, self._landscape.name), wording.body(notification, self._address)
            if self._landscape.environment.alerts == "log":
                log.warning("alert for %s: %s", notification.route, title)
                errors[place].append("")
                continue
            for target in self._routing.routes[notification.route].targets:
                try:
                    parcels.append(Parcel(self._url(target), title, body, notification.severity))
                    places.append((place, target))
                except CrossdockError as error:
                    errors[place].append(error.message)
        for (place, _), outcome in zip(places, await self._send(parcels) if parcels else [], strict=True):
            errors[place].append(outcome)
        at = micros(self._clock.now())
        for place, notification in enumerate(notifications):
            failed = [each for each in errors[place] if each]
            told = len(failed) < len(errors[place])
            text = "; ".join(dict.fromkeys(failed))
            self._note(telling.settled(notification, "" if told else text, at, self._alerts))
            self._gauges.told(notification.route, "told" if told else "failed")
            await self._route_is(notification.route, text)

    async def _route_is(self, route: str, error: str) -> None:
        """Open an exception about a route that fails, once, and settle it when it works again."""
        if error:
            log.error("alerts for route %s cannot be told: %s", route, error)
            if self._failing.get(route) != error:
                self._failing[route] = error
                await self._fail(route, AlertUntold(f"alerts for route {route} cannot be told: {error}", route=route))
        elif route not in self._failing or self._failing[route]:
            self._failing[route] = ""
            await self._fail(route, None)

    async def _report_untold(self) -> None:
        assert self._alerts is not None
        now = self._clock.now()
        untold = telling.untold(self._alerts.values(), self._routing, now)
        nowhere = sorted({each.owner or "nobody" for each in untold if not self._routing.routes_for(each.owner, each.system)})
        for owner in nowhere:
            await self._route_is(f"owner {owner}", "the team has neither a route nor an address, and there is no default route")
        counts: dict[str, int] = {}
        for each in self._alerts.values():
            if each.closed_at is None:
                counts[each.severity] = counts.get(each.severity, 0) + 1
        self._gauges.alerts(counts, len(untold))

    @property
    def _address(self) -> str:
        return self._landscape.environment.address

    def _url(self, target: str) -> str:
        """The Apprise URL of a target. Raises `SecretMissing`."""
        if not target.startswith(MAIL):
            return self._secret(target)
        relay = self._landscape.environment.mail
        if not relay:
            raise SecretMissing("this environment names no mail relay (`mail:`)")
        url = self._secret(relay)
        return f"{url}{'&' if '?' in url else '?'}to={target.removeprefix(MAIL)}"

    async def _without_ledger(self, error: LedgerUnavailable) -> None:
        """The ledger is away: tell that at least, from memory."""
        loop_time = asyncio.get_running_loop().time()
        self._away_since = self._away_since or loop_time
        if loop_time - self._away_since < AWAY or self._alerts is None or self._owned is None:
            return
        at = micros(self._clock.now())
        owner = next((name for name, route in self._routing.owners.items() if route == self._routing.default), "")
        owner = owner or next(iter(self._routing.owners), "")
        condition = Condition(f"{HUB}:ledger", HUB, "critical", owner, phrases.AWAY, f"{error.hint} ({error.code})", at, at)
        mine = {condition.identity: self._alerts[condition.identity]} if condition.identity in self._alerts else {}
        self._note(telling.observe([condition], mine, at, self._routing.settle, self._numbers.next))
        due = telling.plan([self._alerts[condition.identity]], {}, self._routing, self._clock.now())
        try:
            await self._deliver(due)
        except CrossdockError as unable:
            log.error("cannot note that a route fails: %s", unable.code)

    # --- what is kept ---------------------------------------------------------------------------------------

    async def _requests(self) -> None:
        """Carry out what people asked about alerts: taken over and given back, audited."""
        assert self._alerts is not None
        by_number = {each.id: each for each in self._alerts.values()}
        for request in await self._store.read.do(lambda s: kept.asked(s, PARTITION)):
            alert, at = by_number.get(request.alert), micros(self._clock.now())
            refused = "" if alert is not None and alert.closed_at is None else "it is over"
            before = alert.taken_by if alert is not None else ""
            after = request.author if request.take else ""
            result = {"done": not refused, **({"why": refused} if refused else {})}

            def note(
                batch: Batch, number: int = request.number, result: dict[str, object] = result, before: str = before,
                after: str = after, subject: int = request.alert, author: str = request.author, words: str = request.note,
            ) -> None:  # fmt: skip
                batch.instructions.append((number, batch.at, orjson.dumps(result).decode()))
                if result["done"]:
                    detail = {"by": author, "before": before, "after": after, "note": words}
                    batch.record(PARTITION, "person:alert:take" if after else "person:alert:give_back", subject, "", "", detail)

            def store(
                session: Session, number: int = request.alert, after: str = after, at: int = at, ok: bool = not refused
            ) -> None:
                if ok:
                    kept.take(session, number, after, at if after else None)

            await self._contribute(PARTITION, note, store)
            if alert is not None and not refused:
                alert.taken_by, alert.taken_at = after, at if after else None
                log.info("alert %s taken by %s", written(alert.id), after or "nobody")

    async def _save(self, epoch: int) -> None:
        if not self._dirty or self._alerts is None:
            return
        rows = [self._alerts[name] for name in sorted(self._dirty)]

        def store(session: Session) -> None:
            fence(session, PARTITION, epoch)
            kept.save(session, rows)

        await self._store.work.do(store)
        self._dirty.clear()

    async def _tidy(self, epoch: int) -> None:
        """Now and then: fold old traffic into hours, forget what is old."""
        now = asyncio.get_running_loop().time()
        if self._tidied and now - self._tidied < TIDY_EVERY:
            return
        self._tidied = now
        at = self._clock.now()
        horizon = micros(at - KEEP)

        def store(session: Session) -> None:
            fence(session, PARTITION, epoch)
            kept.forget(session, horizon)
            self._counting.tidy(session, self._numbers, at)

        await self._store.work.do(store)
        assert self._alerts is not None
        ended = micros(at - REMEMBER)
        for name in [n for n, each in self._alerts.items() if each.kind != DIGEST and (each.closed_at or ended) < ended]:
            del self._alerts[name]
