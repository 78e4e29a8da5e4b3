"""A partner's way to live as pages and the API show and change it; what may be done is judged by `pipeline.onboarding`."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from crossdock.landscape.partner_templates import make
from crossdock.ledger.onboarding import STATE, Step, history, latest, states
from crossdock.ledger.times import moment
from crossdock.pipeline import onboarding
from crossdock.pipeline.protection import secrets_of
from crossdock.workbench.onboarding.shapes import ChecklistItemOut, OnboardingOut, OnboardingStepOut, PartnerOut, StepProofOut
from crossdock.workbench.place import place


def partners() -> list[PartnerOut]:
    """All partners of the landscape. Raises `LedgerUnavailable`."""
    said = place().read(states)
    return [_partner(name, said) for name in sorted(place().landscape.partners)]


def _partner(name: str, said: dict[str, Step]) -> PartnerOut:
    landscape = place().landscape
    one, here = landscape.partners[name], said.get(name)
    return PartnerOut(
        name=name, title=one.title or name, state=onboarding.state_of(landscape, name, said), file=one.state,
        here=here.outcome if here is not None else "", owner=one.owner or "", systems=list(one.systems),
    )  # fmt: skip


def standing(name: str) -> OnboardingOut:
    """One partner. Raises `PartnerUnknown` or `LedgerUnavailable`."""
    here = place()
    onboarding.partner_of(here.landscape, name)
    items = here.read(lambda session: onboarding.checklist(here.landscape, name, session, here.clock.now()))
    steps = here.read(lambda session: history(session, name, 50))
    partner = _partner(name, here.read(states))
    return OnboardingOut(
        partner=partner, ready=all(each.done for each in items),
        items=[ChecklistItemOut(name=each.name, done=each.done, found=each.found, do=each.do) for each in items],
        may=list(onboarding.WAYS.get(partner.here, ())),
        steps=[
            OnboardingStepOut(step=each.step, outcome=each.outcome, author=each.author, at=moment(each.at), reason=str(each.detail.get("reason", "")))
            for each in steps
        ],
    )  # fmt: skip


def move(name: str, to: str, author: str, reason: str) -> None:
    """Say what a partner is on this hub. Raises `PartnerUnknown` or `NotReady`."""
    here = place()
    here.write(lambda session, numbers, at: onboarding.move(here.landscape, name, to, session, numbers, author, at, reason))


def prove(name: str, step: str, author: str) -> StepProofOut:
    """Run a test (`transport` or `certification`) and keep what it came to. Raises `PartnerUnknown` or `LandscapeInvalid`."""
    here = place()
    onboarding.partner_of(here.landscape, name)
    secrets = secrets_of(here.landscape)
    if step == "transport":
        found = onboarding.reached(here.landscape, name, secrets, here.clock)
        passed = bool(found) and all(well for _, well, _ in found)
        lines = [f"{system}: {said}" for system, _, said in found]
        detail: dict[str, object] = {"systems": [{"system": system, "well": well, "said": said} for system, well, said in found]}
    else:
        report = onboarding.certified(here.landscape, name, secrets, here.clock)
        passed = bool(report.passed)
        lines = [
            f"{each.name}: {each.title}{'' if each.passed else ': ' + '; '.join(each.differences)}" for each in report.outcomes
        ]
        detail = {"cases": len(report.outcomes), "failed": [each.name for each in report.outcomes if not each.passed]}
    keep(name, step, passed, detail, author)
    return StepProofOut(step=step, passed=passed, lines=lines)


def keep(name: str, step: str, passed: bool, detail: dict[str, object], author: str) -> None:
    """Keep what a step came to."""
    here = place()
    outcome = "passed" if passed else "failed"
    here.write(
        lambda session, numbers, at: onboarding.prove(here.landscape, name, step, outcome, detail, session, numbers, author, at)
    )


def said_here(name: str) -> str:
    """What was said of a partner on this hub; empty when nothing was."""
    found = place().read(lambda session: latest(session, name)).get(STATE)
    return found.outcome if found is not None else ""


def files_of(name: str, template: str, *, title: str, owner: str, identifier: str, ours: str, email: str) -> bytes:
    """A new partner's files as a ZIP, to be reviewed and promoted: pages write nothing into a landscape. Raises `CannotMake`."""
    root = place().landscape.root
    with tempfile.TemporaryDirectory(prefix="crossdock-partner-") as folder:
        there = Path(folder)
        (there / "crossdock.yaml").write_bytes((root / "crossdock.yaml").read_bytes())
        made = make(there, name, template, title=title, owner=owner, identifier=identifier, ours=ours, email=email)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in made.files:
                archive.writestr(zipfile.ZipInfo(each, (1980, 1, 1, 0, 0, 0)), (there / each).read_bytes())
            lines = [f"  {event}: {{originates: [{name}]}}" for event in made.events]
            archive.writestr(zipfile.ZipInfo("ADD-TO-ownership.yaml", (1980, 1, 1, 0, 0, 0)), "\n".join(["events:", *lines, ""]))
        return stream.getvalue()
