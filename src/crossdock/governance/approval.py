"""Whether a bundle was made and approved by those an environment trusts: quorum, separation of duties, expiry; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crossdock.governance.bundle import BundleFile
from crossdock.governance.errors import BundleUnapproved, BundleUnsigned
from crossdock.governance.signing import APPROVED, EMERGENCY, MADE, OPENED, REVIEWED, key_id, signed_by
from crossdock.landscape.models.environment import Promotion, TrustedKey

Reviewers = Mapping[str, tuple[int, tuple[str, ...]]]
"""Per class of risk: how many people of which teams."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One valid approval: by whom, of which team, when."""

    name: str
    team: str
    at: datetime


def maker(bundle: BundleFile, promotion: Promotion) -> str:
    """The name of the trusted key that made the bundle; empty where the environment takes unsigned ones. Raises `BundleUnsigned`, `BundleAltered`."""
    known = _known(promotion)
    found = signed_by(bundle, (each.public for each in promotion.keys if "make" in each.may), MADE)
    if found:
        return known[found[0].key].name
    if promotion.unsigned:
        return ""
    by = ", ".join(each.key for each in bundle.signatures)
    raise BundleUnsigned(f"it is signed by {by}, which may not make bundles for this environment" if by else "it is not signed")


def approvals(bundle: BundleFile, promotion: Promotion, now: datetime) -> list[Approval]:
    """The approvals that count: by people whose keys may approve or for whom a trusted board speaks; not of who made the bundle or opened
    its change request, not expired, not from the future. Raises `BundleAltered`."""
    known, boards = _known(promotion), _boards(promotion)
    excluded = {person(known[each.key].name) for each in signed_by(bundle, (key.public for key in promotion.keys), MADE)}
    excluded |= {person(each.by) for each in signed_by(bundle, boards, OPENED)}
    spoken = [(each.by, each.team, each.at) for each in signed_by(bundle, boards, APPROVED) if each.by and each.team]
    by_key = signed_by(bundle, (key.public for key in promotion.keys if "approve" in key.may), APPROVED)
    spoken += [(known[each.key].name, known[each.key].team or "", each.at) for each in by_key]
    found = [Approval(name, team, at) for name, team, written in spoken if (at := _time(written)) is not None]
    return [each for each in found if person(each.name) not in excluded and _fresh(each.at, promotion, now)]


def person(name: str) -> str:
    """A name by which two spellings of one person are the same: capitals and where somebody sat at do not count."""
    return name.strip().casefold().removesuffix("@cli")


def lacking(reviewers: Reviewers, given: Iterable[Approval]) -> dict[str, str]:
    """For each class of risk whose approval is missing, what is missing, in words. Somebody counts once, whatever was signed how often."""
    counted, found = list(given), {}
    for risk, (quorum, teams) in reviewers.items():
        people = {person(each.name) for each in counted if each.team in teams}
        if len(people) < quorum:
            found[risk] = f"{quorum - len(people)} more of {', '.join(teams)}"
    return found


def require(reviewers: Reviewers, given: list[Approval]) -> None:
    """Raises `BundleUnapproved`, which names for each class of risk whose approval is missing."""
    missing = lacking(reviewers, given)
    if missing:
        words = "; ".join(f"{risk}: {what}" for risk, what in missing.items())
        raise BundleUnapproved(f"approvals are missing: {words}", lacking=missing)


def passed(bundle: BundleFile, promotion: Promotion, now: datetime) -> tuple[str, list[Approval]]:
    """What the environment's review board said: `""` where there is no board, else `reviewed`, or `emergency` with who let it run.

    Raises `BundleUnapproved` when there is a board and it did not pass this content, or too long ago.
    """
    boards = _boards(promotion)
    if not boards:
        return "", []
    if any(_fresh(_time(each.at), promotion, now) for each in signed_by(bundle, boards, REVIEWED)):
        return REVIEWED, []
    agreed = [(each, _time(each.at)) for each in signed_by(bundle, boards, EMERGENCY) if each.by and each.team]
    fresh = [Approval(each.by, each.team, at) for each, at in agreed if at is not None and _fresh(at, promotion, now)]
    if fresh:
        return EMERGENCY, fresh
    raise BundleUnapproved("the review board of this environment has not passed it")


def _boards(promotion: Promotion) -> list[str]:
    return [each.public for each in promotion.keys if "board" in each.may]


def _fresh(at: datetime | None, promotion: Promotion, now: datetime) -> bool:
    return at is not None and at <= now and now - at <= promotion.approvals_expire


def _known(promotion: Promotion) -> dict[str, TrustedKey]:
    return {key_id(each.public): each for each in promotion.keys}


def _time(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
