"""Following consignments: which are open, what the carrier told of them, what of it is new; keeps nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.connectors.carrier import errors, mapping
from crossdock.connectors.carrier.account import Account, told
from crossdock.connectors.carrier.dialects import Scan
from crossdock.connectors.protocol import PollResult
from crossdock.core.errors import CrossdockError

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class Tracking:
    """The poll channel `tracking`."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def poll(self, cursor: Mapping[str, Any]) -> PollResult:
        """Scans of open consignments that were not told before, `track_at_once` consignments a step.

        Cursor: `open` (tracking number -> `code`, the last milestone, and `seen`, the prints of its scans) and `turn`, where this
        round stands. A consignment leaves it when it is delivered, returned or cancelled. A consignment whose request failed waits for
        the next round; the poll fails only when all of them did.
        """
        opened: dict[str, Any] = dict(cursor.get("open") or {})
        turn = str(cursor.get("turn") or "")
        ahead = [number for number in sorted(opened) if number > turn]
        asked = ahead[: self._account.options.track_at_once]
        if not asked:
            return PollResult((), {"open": opened, "turn": ""})
        messages = []
        for scan in sorted(await self._some(asked), key=lambda each: (each.at, each.tracking_number)):
            state, known = opened.get(scan.tracking_number), mapping.print_of(scan)
            if state is None or known in state["seen"]:
                continue
            messages.append(mapping.scan_message(scan))
            opened[scan.tracking_number] = {"code": self.milestone(scan), "seen": [*state["seen"], known]}
        still = {number: state for number, state in opened.items() if state["code"] not in mapping.FINAL}
        more = len(ahead) > len(asked)
        return PollResult(messages, {"open": still, "turn": asked[-1] if more else ""}, more=more)

    async def scans(self, numbers: Sequence[str]) -> list[Scan]:
        """All scans of these consignments; unknown ones have none. Raises the outcome of the first request that failed."""
        parts = await self._parts(numbers)
        for part in parts:
            if isinstance(part, CrossdockError):
                raise part
        return [scan for part in parts if not isinstance(part, CrossdockError) for scan in part]

    async def _some(self, numbers: Sequence[str]) -> list[Scan]:
        """The scans that could be had. One request in fifty that fails must not hide the other forty-nine, poll after poll."""
        parts = await self._parts(numbers)
        told = [part for part in parts if not isinstance(part, CrossdockError)]
        if not told:
            raise next(part for part in parts if isinstance(part, CrossdockError))
        return [scan for part in told for scan in part]

    async def _parts(self, numbers: Sequence[str]) -> list[list[Scan] | CrossdockError]:
        size = self._account.dialect.track_batch
        gate = asyncio.Semaphore(self._account.options.tracks_open)

        async def ask(part: Sequence[str]) -> list[Scan] | CrossdockError:
            async with gate:
                try:
                    return await self._scans_of(part)
                except CrossdockError as error:
                    return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(numbers[at : at + size])) for at in range(0, len(numbers), size)]
        return [task.result() for task in tasks]

    async def _scans_of(self, numbers: Sequence[str]) -> list[Scan]:
        account = self._account
        answer = await account.run({"op": "track", "payload": {"tracking_numbers": list(numbers)}}, effect=False)
        last = told(answer)
        if last is not None and last["status"] == 404:
            return []
        answered = errors.judge(answer, account.context.clock.now(), effect=False, gone_is_refusal=True)
        try:
            scans = account.dialect.scans(answered)
        except UNREADABLE:
            raise errors.unreadable(effect=False) from None
        return mapping.karrio_scans(answer["result"] or []) if scans is None else scans

    def milestone(self, scan: Scan) -> str:
        """The milestone of a scan, by the system's options, then by the carrier's table."""
        told = {"kind": scan.kind, "code": scan.code, "description": scan.description}
        return self._account.options.milestones.get(scan.code) or self._account.dialect.milestone(told)
