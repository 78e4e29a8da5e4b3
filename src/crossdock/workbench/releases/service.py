"""What was promoted on this ledger and what runs here; promotes nothing."""

from __future__ import annotations

from typing import Any

from crossdock.governance.errors import ReleaseNotRunning
from crossdock.ledger import releases
from crossdock.ledger.ids import written
from crossdock.ledger.people import list_exceptions
from crossdock.ledger.releases import Release
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.workbench.place import place
from crossdock.workbench.releases.shapes import ApprovalOut, ChangeOut, FailureOut, ReleaseOut, ReleasesOut

MOST = 100


def standing() -> ReleasesOut:
    """As it is now. Raises `LedgerUnavailable`."""
    here = place()
    runs, promotes = here.landscape.bundle_id, here.landscape.environment.promotion is not None
    found, failures = here.read(_read)
    newest = found[0].bundle if found else ""
    return ReleasesOut(
        environment=here.landscape.environment.name,
        promotes=promotes,
        runs=runs,
        newest=newest,
        not_running=promotes and bool(newest) and newest != runs,
        failures=failures if promotes else [],
        releases=[_told(each, runs) for each in found],
    )


def _read(session: Session) -> tuple[list[Release], list[FailureOut]]:
    if not releases.there_are(session):
        return [], []
    failing = list_exceptions(session, where={"code": ReleaseNotRunning.code}, limit=5)
    return releases.history(session, MOST), [FailureOut(exception=written(each.id), message=each.message) for each in failing]


def _told(each: Release, runs: str) -> ReleaseOut:
    """A promotion; its report is what the promoting machine wrote, of an earlier release of the product perhaps."""
    return ReleaseOut(
        bundle=each.bundle,
        name=each.name,
        at=moment(each.promoted_at),
        author=each.author,
        maker=each.maker,
        reason=each.reason,
        runs=each.bundle == runs,
        approvals=[
            ApprovalOut(name=one.get("name", ""), team=one.get("team") or "", at=one.get("at") or "")
            for one in _listed(each.report, "approvals")
        ],
        changes=[
            ChangeOut(risk=one.get("risk", ""), words=one.get("words", ""), kind=one.get("kind", ""), name=one.get("name") or "")
            for one in _listed(each.report, "changes")
        ],
    )


def _listed(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in report.get(name) or () if isinstance(one, dict)]
