"""How regions stand, for pages and commands: last heard, what is stuck where and what it costs, which bundle runs where; reads the ledger only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from crossdock.landscape.landscape import Landscape
from crossdock.ledger import regions
from crossdock.ledger.regions import Heard
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment


def overview(session: Session, landscape: Landscape, now: int) -> dict[str, Any]:
    """This hub's own reporting (None when it does not report), and every region the coordinator knows (none when it is no coordinator)."""
    environment = landscape.environment
    found: dict[str, Any] = {
        "region": landscape.region,
        "coordinator": environment.coordinator is not None,
        "reporting": None,
        "regions": [],
    }
    if not regions.there_are(session):
        return found
    if environment.coordination is not None and landscape.region:
        found["reporting"] = _reporting(session)
    if environment.coordinator is not None:
        heard = {each.region: each for each in regions.heard(session)}
        common = _common(list(heard.values()), landscape.bundle_id)
        silent = int(environment.coordinator.silent_after.total_seconds() * 1_000_000)
        found["regions"] = [
            _region(name, landscape.hub.regions.get(name, ""), heard.get(name), common, now, silent)
            for name in environment.coordinator.regions
        ]
    return found


def _reporting(session: Session) -> dict[str, Any]:
    standing = regions.reporting(session)
    if standing is None:
        return {"sequence": 0, "told_at": None, "waiting": 0, "left_out": 0, "trouble": "", "reconciled": {}}
    return {
        "sequence": standing.sequence, "told_at": None if standing.told_at is None else moment(standing.told_at),
        "waiting": regions.waiting(session), "left_out": standing.left_out, "trouble": standing.trouble,
        "reconciled": standing.reconciled,
    }  # fmt: skip


def _common(heard: Sequence[Heard], own: str) -> dict[str, str]:
    """What most regions run; where they disagree evenly, what the coordinator's own landscape says."""
    found: dict[str, str] = {}
    for name in ("bundle", "release"):
        counts = Counter(each.body.get(name, "") for each in heard if each.body)
        most = [value for value, count in counts.items() if count == max(counts.values())]
        found[name] = own if name == "bundle" and own in most else min(most, default="")
    return found


def _region(name: str, title: str, heard: Heard | None, common: dict[str, str], now: int, silent: int) -> dict[str, Any]:
    body: dict[str, Any] = heard.body if heard is not None else {}
    drift = [each for each in ("bundle", "release") if body and body.get(each) != common[each]]
    if body and body.get("promoted") and body["promoted"] != body["bundle"]:
        drift.append("promotion")
    standing = "never" if heard is None else "silent" if now - heard.heard_at > silent else "heard"
    money: Counter[str] = Counter()
    for case in body.get("cases", ()):
        for total in case.get("money", ()):
            money[total["currency"]] += total["minor"]
    return {
        "region": name, "title": title, "standing": standing, "drift": drift,
        "heard_at": None if heard is None else moment(heard.heard_at),
        "taken_at": moment(body["taken_at"]) if body else None,
        "sequence": heard.sequence if heard is not None else 0, "missing": heard.missing if heard is not None else 0,
        "left_out": heard.left_out if heard is not None else 0, "began_anew": heard.began_anew if heard is not None else 0,
        "reconciled": heard.reconciled if heard is not None else {},
        "bundle": body.get("bundle", ""), "promoted": body.get("promoted", ""), "release": body.get("release", ""),
        "environment": body.get("environment", ""), "engine": body.get("engine", ""), "waiting": body.get("waiting", 0),
        "totals": body.get("totals", {}), "lanes": body.get("lanes", []), "stuck": body.get("cases", []),
        "drills": body.get("drills", []),
        "cases": sum(each["count"] for each in body.get("cases", ())), "open": sum(each["open"] for each in body.get("lanes", ())),
        "uncertain": sum(each["uncertain"] for each in body.get("lanes", ())),
        "money": [{"currency": currency, "minor": minor} for currency, minor in sorted(money.items())],
    }  # fmt: skip
