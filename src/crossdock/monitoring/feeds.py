"""Judges channels that send to the hub (silent, slow) and systems it calls (failing, slow to answer) against what is usual or agreed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crossdock.core.calendar import BusinessCalendar
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models.policies import Feed
from crossdock.ledger.times import micros, moment
from crossdock.ledger.traffic import Cell, Kind
from crossdock.monitoring import phrases
from crossdock.monitoring.condition import DEGRADED, SILENT, SLOW, Condition
from crossdock.monitoring.rhythm import Rhythm

FAILING: Final = frozenset({"deferred", "uncertain", "misconfigured"})
"""Outcomes that are the system's failure; a rejected command is the business's."""
ENOUGH: Final = 20
"""Calls within the window without which nothing is said about a system."""
SLOWER: Final = 3.0
LEAST_LATENCY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as it is now: when its last message came (seconds since 1970) and how many came in the last hour."""

    system: str
    name: str
    last: int
    received: int


def feed_of(landscape: Landscape, system: str, channel: str) -> Feed | None:
    """What the landscape says about a channel."""
    for feed in landscape.policies.feeds:
        if feed.system == system and feed.channel in (None, channel):
            return feed
    return None


def zone_of(landscape: Landscape, system: str) -> str:
    """The zone a system works in; UTC when it has no calendar."""
    described = landscape.systems.get(system)
    name = (described.calendar if described is not None else None) or landscape.hub.defaults.calendar or ""
    return landscape.calendars[name].zone if name in landscape.calendars else "UTC"


def judge(
    landscape: Landscape, channels: Iterable[Channel], rhythms: Mapping[tuple[str, str], Rhythm], now: datetime
) -> list[Condition]:
    """Channels that are silent or slow."""
    found = []
    for channel in channels:
        system = landscape.systems.get(channel.system)
        feed = feed_of(landscape, channel.system, channel.name)
        if system is None or (feed is not None and not feed.watch):
            continue
        owner = (feed.owner if feed is not None else None) or system.owner or ""
        severity = feed.severity if feed is not None else "warning"
        rhythm = rhythms.get((channel.system, channel.name))
        one = _silent(landscape, channel, feed, rhythm, now, owner, severity) or _slow(channel, rhythm, now, owner)
        if one is not None:
            found.append(one)
    return found


def _silent(
    landscape: Landscape, channel: Channel, feed: Feed | None, rhythm: Rhythm | None, now: datetime, owner: str, severity: str
) -> Condition | None:
    last = moment(channel.last * 1_000_000)
    agreed = feed.silent_after if feed is not None else None
    if agreed is not None:
        allowed, usual = agreed, phrases.SILENT_AGREED
        silent = _silence(landscape.calendars.get(feed.calendar or "") if feed is not None else None, last, now)
    else:
        longest = rhythm.longest(now) if rhythm is not None else None
        if longest is None:
            return None
        allowed, usual, silent = timedelta(seconds=longest), phrases.SILENT_USUAL, now - last
    if silent <= allowed:
        return None
    return Condition(
        f"{SILENT}:{channel.system}:{channel.name}", SILENT, severity, owner,
        phrases.SILENT % {"channel": f"{channel.system}/{channel.name}", "span": _minutes(now - last)},
        usual % {"span": _minutes(allowed), "system": channel.system},
        micros(last + allowed), micros(last + allowed), 1, "", channel.system, channel.name,
    )  # fmt: skip


def _silence(calendar: BusinessCalendar | None, last: datetime, now: datetime) -> timedelta:
    return now - last if calendar is None else calendar.working_between(last, now)


def _slow(channel: Channel, rhythm: Rhythm | None, now: datetime, owner: str) -> Condition | None:
    usual = rhythm.slow(now, channel.received) if rhythm is not None else None
    if usual is None:
        return None
    return Condition(
        f"{SLOW}:{channel.system}:{channel.name}", SLOW, "warning", owner,
        phrases.SLOW % {"channel": f"{channel.system}/{channel.name}", "n": channel.received, "usual": f"{usual:.0f}"},
        phrases.SLOW_ASK, micros(now), micros(now), 1, "", channel.system, channel.name,
    )  # fmt: skip


def degraded(
    landscape: Landscape, recent: Mapping[Kind, Cell], usual: Mapping[str, float], now: datetime, minutes: int
) -> list[Condition]:
    """Systems that fail or answer slowly. `recent` holds the attempts of the last `minutes`, `usual` the usual 95 % latency in seconds."""
    systems: dict[str, tuple[Cell, int]] = {}
    for kind, cell in recent.items():
        total, failed = systems.get(kind.system, (Cell(), 0))
        total.add(cell)
        systems[kind.system] = total, failed + (cell.count if kind.name in FAILING else 0)
    found = []
    for name, (cell, failed) in systems.items():
        system = landscape.systems.get(name)
        feed = next((each for each in landscape.policies.feeds if each.system == name), None)
        if system is None or cell.count < ENOUGH or (feed is not None and not feed.watch):
            continue
        owner = (feed.owner if feed is not None else None) or system.owner or ""
        limit = float(feed.error_share) if feed is not None else 0.2
        share, slowest = failed / cell.count, cell.quantile(0.95) or 0.0
        agreed = feed.latency.total_seconds() if feed is not None and feed.latency else None
        allowed = agreed if agreed is not None else max(LEAST_LATENCY, SLOWER * usual[name]) if name in usual else None
        fails, slow = share > limit, allowed is not None and slowest > allowed
        if fails or slow:
            phrase = phrases.BOTH if fails and slow else phrases.FAILING if fails else phrases.LATENT
            words = phrase % {
                "system": name, "share": f"{share:.0%}", "calls": cell.count, "minutes": minutes, "seconds": f"{slowest:.1f}",
                "allowed": f"{allowed or 0.0:.1f}",
            }  # fmt: skip
            found.append(
                Condition(
                    f"{DEGRADED}:{name}", DEGRADED, "warning", owner, words, phrases.DEGRADED_MEANS,
                    micros(now), micros(now), 1, "", name, "",
                )
            )  # fmt: skip
    return found


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
