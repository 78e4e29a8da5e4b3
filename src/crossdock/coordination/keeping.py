"""The coordinator's side: takes what a region told, once and in any order, says what it lacks, and keeps nothing the allow-list does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.coordination.allowed import decode
from crossdock.coordination.envelope import digest, digest_of, proven, said, sealed
from crossdock.coordination.errors import NotAllowedOut, ReportRefused, ReportStale
from crossdock.core.errors import CrossdockError
from crossdock.governance.signing import key_id, public_of
from crossdock.ledger import regions
from crossdock.ledger.ids import Numbers
from crossdock.ledger.regions import Heard
from crossdock.ledger.session import Session

COMPARED: Final = 10_000
"""Reports a region may ask to compare at once."""


class Keeping:
    """Whose statements count, and the key answers are signed with."""

    def __init__(self, regions_: Mapping[str, str], private: str) -> None:
        self._publics = dict(regions_)
        self._private = private
        self._me = key_id(public_of(private))

    def proven(self, data: bytes) -> dict[str, Any]:
        """What a region says. Raises `ReportRefused` when it is no region of this coordinator, or not signed by it for this coordinator."""
        public = self._publics.get(str(said(data).get("region")))
        if public is None:
            raise ReportRefused("no region of this name reports here")
        statement = proven(data, public, "report")
        if statement.get("to") != self._me:
            raise ReportRefused("it was said to another coordinator")
        return statement

    def answer(self, data: bytes, answer: Mapping[str, Any]) -> bytes:
        """An answer to exactly these bytes, signed."""
        return sealed({"request": digest(data), **answer}, self._private, "answer")

    def refusal(self, data: bytes, error: CrossdockError) -> bytes:
        """A refusal of these bytes, signed, so that the region knows that it is the coordinator's."""
        return self.answer(data, {"refused": error.code, "at": error.detail.get("at", 0)})

    def take(self, session: Session, numbers: Numbers, statement: Mapping[str, Any], now: int) -> dict[str, Any]:
        """Take what a proven statement tells; what is answered. Raises `ReportStale`, or `ReportRefused` for what is not allowed."""
        region, incarnation, at, left_out, reports, asked = _read(statement)
        before = next(iter(regions.heard(session, region)), None)
        if before is not None and at <= before.said_at:
            raise ReportStale("something newer was heard of this region", at=before.said_at)
        same = before is not None and before.incarnation == incarnation
        sequence, received = (before.sequence, before.received) if same and before is not None else (0, 0)
        known = regions.has(session, region, incarnation, [number for number, *_ in reports])
        fresh = [each for each in reports if each[0] not in known]
        altered = [each for each in reports if known.get(each[0], each[1]) != each[1]]
        regions.keep(session, numbers, region, incarnation, [each[:4] for each in (*fresh, *altered)], now)
        newest = max((each for each in reports if each[0] >= sequence), default=None, key=lambda each: each[0])
        body = newest[4] if newest is not None else before.body if before is not None else {}
        heard = Heard(
            region, incarnation, max(sequence, newest[0] if newest is not None else 0), received + len(fresh), left_out, at, now,
            (before.began_anew + (not same)) if before is not None else 0, body,
            self._compared(session, region, incarnation, asked, before, now, len(fresh), len(altered)),
        )  # fmt: skip
        regions.hear(session, numbers, heard)
        answer: dict[str, Any] = {"incarnation": incarnation, "sequence": heard.sequence, "missing": heard.missing}
        if asked is not None:
            have = regions.has(session, region, incarnation, list(asked))
            wanted = [number for number in asked if have.get(number) != asked[number]]
            answer |= {"wanted": wanted, "differed": sum(number in have for number in wanted), "digest": digest_of(have)}
        return answer

    def _compared(
        self, session: Session, region: str, incarnation: str, asked: Mapping[int, str] | None, before: Heard | None, now: int,
        fresh: int, altered: int,
    ) -> dict[str, Any]:  # fmt: skip
        """What came of comparing, for people: until both sides hold the same (`equal`), what comes is counted as told `late`, or as having
        been another here (`differed`)."""
        last = before.reconciled if before is not None else {}
        under_way = last if last and not last["equal"] else {"late": 0, "differed": 0}
        if asked is None:
            if last and not last["equal"]:
                return {**last, "late": last["late"] + fresh, "differed": last["differed"] + altered}
            return last
        have = regions.has(session, region, incarnation, list(asked))
        equal = all(have.get(number) == each for number, each in asked.items())
        if equal and last and under_way is not last:
            return {**last, "at": now, "compared": len(asked)}
        return {"at": now, "compared": len(asked), "late": under_way["late"], "differed": under_way["differed"], "equal": equal}


def _read(
    statement: Mapping[str, Any],
) -> tuple[str, str, int, int, list[tuple[int, str, int, str, dict[str, Any]]], dict[int, str] | None]:
    """The parts of a statement: region, incarnation, when it was said, reports left out, reports, and what is to be compared."""
    try:
        region, incarnation = str(statement["region"]), str(statement["incarnation"])
        at, left_out, told = statement["at"], statement["left_out"], statement["reports"]
        asked = statement.get("held")
        if (
            type(at) is not int
            or type(left_out) is not int
            or left_out < 0
            or len(incarnation) != 16
            or not isinstance(told, list)
        ):
            raise ReportRefused("it is a statement of another form")
        held = None if asked is None else {int(number): str(each) for number, each in asked.items()}
        if held is not None and len(held) > COMPARED:
            raise ReportRefused(f"more than {COMPARED} reports cannot be compared at once")
        reports = []
        for each in told:
            body = decode(each.encode())
            if body.get("region") != region:
                raise ReportRefused("it tells of another region")
            reports.append((int(body["sequence"]), digest(each.encode()), int(body["taken_at"]), each, body))
    except NotAllowedOut as error:
        raise ReportRefused(f"a report holds what is not allowed: {error.message}") from None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise ReportRefused("it is a statement of another form") from None
    return region, incarnation, at, left_out, reports, held
