"""A partner's way to live: what has to be true before, tests that prove it, and who may move where; the steps are kept in the ledger."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock.core.errors import CrossdockError, LandscapeInvalid, Misconfigured, Rejected
from crossdock.governance import drills
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.ids import Numbers
from crossdock.ledger.onboarding import STATE, Step, history, latest, note
from crossdock.ledger.session import Session
from crossdock.pipeline.standing import RANK, Standing

if TYPE_CHECKING:
    from crossdock.connectors.protocol import Secrets
    from crossdock.core.clock import Clock
    from crossdock.landscape.models.partner import Partner
    from crossdock.pipeline.certification import Report

PROVEN: Final = ("transport", "certification")
"""Steps that a test proves; the proof holds until the partner's file changes."""
WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("testing", "live", "suspended"),
    "draft": ("testing", "suspended"),
    "testing": ("draft", "live", "suspended"),
    "live": ("testing", "suspended"),
    "suspended": ("draft", "testing", "live"),
}
"""From where a partner may go where; to live only with everything proven, unless it was live when it was suspended."""
TIMEOUT: Final = 30.0


class PartnerUnknown(Misconfigured):
    """The landscape has no such partner."""

    code = "partner.unknown"
    hint = "`crossdock partner list` shows the partners there are."


class NotReady(Rejected):
    """The partner cannot take this step yet."""

    code = "partner.not_ready"
    hint = "What is missing is named; `crossdock partner checklist NAME` shows how each is done."


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist: what must be true, whether it is, what it rests on, and what to do when it is not."""

    name: str
    done: bool
    found: str
    do: str


def partner_of(landscape: Landscape, name: str) -> Partner:
    """A partner of the landscape. Raises `PartnerUnknown`."""
    found = landscape.partners.get(name)
    if found is None:
        raise PartnerUnknown(f"there is no partner {name!r}; known are: {', '.join(sorted(landscape.partners)) or 'none'}")
    return found


def content_of(partner: Partner) -> str:
    """The digest of what a proof is about: everything in the partner's file but its state."""
    return hashlib.sha256(partner.model_dump_json(exclude={"state"}).encode()).hexdigest()


def checklist(landscape: Landscape, name: str, session: Session, now: datetime) -> list[Item]:
    """What has to be true before a partner is live, and how it stands with each. Raises `PartnerUnknown` or `LedgerUnavailable`."""
    partner, steps = partner_of(landscape, name), latest(session, name)
    return [*_stated(landscape, partner), *_proven(partner, steps), _drilled(landscape, name, session, now)]


def _stated(landscape: Landscape, partner: Partner) -> list[Item]:
    envelopes = {each.format for each in partner.agreements} & {"x12", "edifact"}
    named = bool(partner.identifiers) and (not envelopes or bool(partner.exchange.ours))
    reachable = [each for each in partner.contacts if (each.email and not each.email.endswith("@example.com")) or each.phone]
    flows = [flow for flow in landscape.flows.values() if flow.enabled and set(flow.roles.values()) & set(partner.systems)]
    silent = [each.document for each in partner.agreements if each.direction == "out" and each.acknowledge_within is None]
    clocks = not silent and bool(partner.agreements or any(flow.slas for flow in flows))
    unowned = [flow.name for flow in flows if not flow.exception_owner]
    return [
        Item("identifiers", named, ", ".join(f"{i.scheme} {i.value}" for i in partner.identifiers), "Name `identifiers` and `exchange.ours` in its file."),
        Item("contacts", bool(reachable), ", ".join(f"{c.role}: {c.email or c.phone}" for c in reachable), "Name whom to call under `contacts`."),
        Item(
            "sla", clocks, f"{len(partner.agreements) - len(silent)} of {len(partner.agreements)} agreements have their clock",
            f"Say `acknowledge_within` of {', '.join(silent) or 'what is sent'}, or `slas` of its flows.",
        ),
        Item(
            "exception_owner", bool(partner.owner and flows) and not unowned, partner.owner or "",
            f"Name `owner` in its file and `exception_owner` of {', '.join(unowned) or 'a flow in which its systems take part'}.",
        ),
    ]  # fmt: skip


def _proven(partner: Partner, steps: Mapping[str, Step]) -> list[Item]:
    found = []
    for name, do in (("transport", "crossdock partner transport"), ("certification", "crossdock partner certify")):
        step = steps.get(name)
        fresh = step is not None and step.detail.get("content") == content_of(partner)
        words = (
            "" if step is None else f"{step.outcome} by {step.author} on {datetime.fromtimestamp(step.at / 1e6, UTC):%Y-%m-%d}"
        )
        if step is not None and not fresh:
            words += "; its file has changed since"
        found.append(Item(name, bool(step is not None and fresh and step.outcome == "passed"), words, f"{do} {partner.name}"))
    return found


def _drilled(landscape: Landscape, name: str, session: Session, now: datetime) -> Item:
    asked = [each for each in drills.required(landscape, partner=name) if each.partner == name]
    open_ = drills.missing(landscape, session, now, partner=name)
    if asked:
        words = ", ".join(each.required.name for each in open_)
        return Item("drill", not open_, words and f"open: {words}", f"crossdock drill run ... --partner {name}")
    step = latest(session, name).get("drill")
    words = "" if step is None else f"{step.outcome} by {step.author}: {step.detail.get('reason', '')}"
    return Item(
        "drill", bool(step is not None and step.outcome == "passed"), words,
        "Policies ask for none with this partner: hold one, then confirm it (`crossdock partner confirm`).",
    )  # fmt: skip


def move(
    landscape: Landscape, name: str, to: str, session: Session, numbers: Numbers, author: str, at: int, reason: str = ""
) -> Step:
    """Say what a partner is on this hub from now on. Raises `PartnerUnknown` or `NotReady`; then nothing is written."""
    partner = partner_of(landscape, name)
    before = latest(session, name).get(STATE)
    here = before.outcome if before is not None else ""
    if to not in RANK:
        raise NotReady(f"{to!r} is no state; there are {', '.join(RANK)}")
    if here == to:
        raise NotReady(f"{partner.title or name} is {to} already")
    if to not in WAYS.get(here, ()):
        raise NotReady(f"{partner.title or name} cannot go from {here} to {to}")
    if to == "suspended" and not reason.strip():
        raise NotReady("say why it is suspended: the partner and its people are told")
    if to == "live" and not (here == "suspended" and _was_live(session, name)):
        missing = [
            each.name for each in checklist(landscape, name, session, datetime.fromtimestamp(at / 1e6, UTC)) if not each.done
        ]
        if missing:
            raise NotReady(f"{partner.title or name} cannot be live: {', '.join(missing)} missing", partner=name, missing=missing)
    return note(session, numbers, name, STATE, to, {"reason": reason.strip(), "content": content_of(partner)}, author, at)


def _was_live(session: Session, name: str) -> bool:
    """Whether a suspended partner was live before: then it goes on as it was."""
    said = [each.outcome for each in history(session, name) if each.step == STATE]
    return next((each for each in said if each != "suspended"), "live") == "live"


def prove(
    landscape: Landscape, name: str, step: str, outcome: str, detail: Mapping[str, Any], session: Session, numbers: Numbers, author: str, at: int
) -> Step:  # fmt: skip
    """Keep what a test came to, for the partner's file as it is now. Raises `PartnerUnknown`."""
    kept = {**detail, "content": content_of(partner_of(landscape, name))}
    return note(session, numbers, name, step, outcome, kept, author, at)


def state_of(landscape: Landscape, name: str, said: Mapping[str, Step]) -> str:
    """What counts: the lesser of what its reviewed file says and what was said here."""
    standing = Standing(landscape)
    standing.take(said)
    return standing.of_partner(name)


def certified(landscape: Landscape, name: str, secrets: Secrets, clock: Clock) -> Report:
    """Run a partner's certification set; it needs no network and no ledger. Raises `LandscapeInvalid` for a partner without EDI."""
    from crossdock.connectors.edi.connector import EdiConnector
    from crossdock.landscape.valuemaps import CodeTables
    from crossdock.pipeline.certification import Report, certify, load_cases
    from crossdock.pipeline.runtime import build

    partner = partner_of(landscape, name)
    runtime = build(landscape, secrets, CodeTables(landscape.value_maps), clock)
    for system in partner.systems:
        connector = runtime.participants[system].connector if system in runtime.participants else None
        if isinstance(connector, EdiConnector):
            cases = load_cases(landscape.root / "partners" / name / "certification")
            at = clock.now().strftime("%Y-%m-%d %H:%M UTC")
            return Report(
                name, partner.title or name, at, connector.mapping_version, landscape.bundle_id[:12], certify(connector, cases)
            )
    raise LandscapeInvalid(f"partner {name!r} has no system of kind `edi`", partner=name)


def reached(landscape: Landscape, name: str, secrets: Secrets, clock: Clock) -> list[tuple[str, bool, str]]:
    """Probe every system of a partner as the hub would: (system, whether it answers, what it said). Sends no business message."""
    from crossdock.landscape.valuemaps import CodeTables
    from crossdock.pipeline.runtime import build

    runtime = build(landscape, secrets, CodeTables(landscape.value_maps), clock)
    systems = [system for system in partner_of(landscape, name).systems if system in runtime.participants]

    async def probe(system: str) -> tuple[str, bool, str]:
        connector = runtime.participants[system].connector
        try:
            async with asyncio.timeout(TIMEOUT):
                await connector.start()
                found = await connector.probe()
        except CrossdockError as error:
            return system, False, f"{error.code}: {error.message}"
        except Exception as error:
            return system, False, type(error).__name__
        finally:
            await connector.close()
            await runtime.participants[system].http.close()
        return system, bool(found.healthy), "it answers" if found.healthy else "it does not answer well"

    async def all_of(names: Sequence[str]) -> list[tuple[str, bool, str]]:
        return [await probe(each) for each in names]

    return asyncio.run(all_of(systems))
