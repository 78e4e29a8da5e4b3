"""Promoting a bundle: every check before anything is changed, then one row in the ledger; going back is promoting what ran before."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from crossdock.governance.approval import Approval, approvals, maker, passed, require
from crossdock.governance.bundle import BundleFile, read_bundle
from crossdock.governance.errors import BundleUnfit, NothingToGoBackTo
from crossdock.governance.fitting import Fitting, fit
from crossdock.governance.signing import EMERGENCY
from crossdock.landscape.files import NotALandscape, read
from crossdock.landscape.models import Environment
from crossdock.landscape.models.environment import Promotion
from crossdock.ledger import releases, reviews
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros


@dataclass(frozen=True, slots=True)
class Plan:
    """A promotion that passed every check and is not carried out yet."""

    bundle: BundleFile
    environment: str
    maker: str
    approvals: tuple[Approval, ...]
    fitting: Fitting

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "bundle": self.bundle.bundle,
            "name": self.bundle.name,
            "environment": self.environment,
            "maker": self.maker,
            "approvals": [{"name": each.name, "team": each.team, "at": each.at.isoformat()} for each in self.approvals],
            **self.fitting.as_dict(),
        }


def plan(
    data: bytes,
    home: Path,
    environment: str,
    running: Path,
    now: datetime,
    variables: Mapping[str, str] | None = None,
    again: bool = False,
) -> Plan:
    """Judge a bundle file for an environment of `home`; `running` is the folder of the landscape it would take the place of.

    With `again` it was approved when it was promoted before, and needs no fresh approval.

    Raises `BundleUnreadable`, `BundleAltered`, `BundleUnsigned`, `BundleUnfit` or `BundleUnapproved`. Changes nothing.
    """
    bundle = read_bundle(data)
    promotion = promotion_of(home, environment, variables)
    made_by = maker(bundle, promotion)
    with tempfile.TemporaryDirectory(prefix="crossdock-bundle-") as folder:
        fitting = fit(bundle, home, running, environment, variables, Path(folder))
    given = approvals(bundle, promotion, now)
    if not again and fitting.reviewers:
        how, agreed = passed(bundle, promotion, now)
        if how == EMERGENCY:
            given = agreed  # the ordinary review is owed afterwards; the board sees to it
        else:
            require(fitting.reviewers, given)
    return Plan(bundle, environment, made_by, tuple(given), fitting)


def before(store: Store) -> bytes:
    """The file of the bundle that ran before the present one. Raises `NothingToGoBackTo`."""
    return store.read.run(earlier)


def earlier(session: Session) -> bytes:
    """The same within a transaction. Raises `NothingToGoBackTo`."""
    found = releases.history(session)
    for each in found[1:]:
        if each.bundle != found[0].bundle:
            file = releases.file_of(session, each.bundle)
            if file is not None:
                return bytes(file)
    raise NothingToGoBackTo("no other bundle was promoted here before")


def promotion_of(home: Path, environment: str, variables: Mapping[str, str] | None = None) -> Promotion:
    """What an environment says about promotion. Raises `BundleUnfit` when it says nothing or is not there."""
    try:
        draft = read(home, variables=variables, environment=environment)
    except NotALandscape as error:
        raise BundleUnfit(str(error)) from None
    found = cast("Environment | None", draft.models.get("environments", {}).get(environment))
    if found is None:
        known = ", ".join(sorted(draft.named.get("environments", ()))) or "none"
        raise BundleUnfit(f"there is no sound environment {environment!r} here; there are: {known}", environment=environment)
    if found.promotion is None:
        raise BundleUnfit(
            f"environment {environment!r} does not say whose bundles may run in it (`promotion:`)", environment=environment
        )
    return found.promotion


def carry_out(planned: Plan, data: bytes, store: Store, numbers: Numbers, author: str, reason: str, now: datetime) -> int:
    """Let it run from now on; hubs switch within seconds. Returns the number of the promotion."""
    return store.work.run(lambda session: carried_out(session, planned, data, numbers, author, reason, micros(now)))


def carried_out(session: Session, planned: Plan, data: bytes, numbers: Numbers, author: str, reason: str, at: int) -> int:
    """The same within a transaction; its change request, where it has one, is carried out with it."""
    bundle, report = planned.bundle, planned.as_dict()
    number = releases.promote(session, numbers, bundle.bundle, bundle.name, data, author, planned.maker, reason, report, at)
    reviews.promoted(session, numbers, bundle.bundle, author, reason, at)
    return number
