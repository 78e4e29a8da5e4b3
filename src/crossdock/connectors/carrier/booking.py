"""Booking, cancelling and finding a booking again at a carrier; knows the order of calls, no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crossdock.canonical.shipment import Shipment
from crossdock.connectors.carrier import errors, mapping, request
from crossdock.connectors.carrier.account import Account, Done, told
from crossdock.connectors.carrier.dialects import Label
from crossdock.connectors.carrier.tracking import Tracking
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused, Uncertain, ValueMapMissing
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear, Outcome

Json = dict[str, Any]
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)


class Booking:
    """`shipment.book`, `return.label` and `shipment.cancel`."""

    def __init__(self, account: Account, tracking: Tracking) -> None:
        self._account = account
        self._tracking = tracking
        self._lost: dict[str, datetime] = {}

    async def book(self, command: Command) -> Outcome:
        """Book one consignment under the reference of the command. Silence and unreadable answers are uncertain."""
        account = self._account
        shipment = request.shipment_of(command.data)
        reference = request.reference_of(command.id)
        payload, exact = request.booking(shipment, account.options, account.dialect, self._service(shipment), reference)
        try:
            done = await account.do({"op": "book", "payload": payload, "exact": exact}, effect=True)
            label = (done.result.get("docs") or {}).get("label") or ""
            waybill = str(done.result.get("tracking_number") or "")
            if not waybill or not label:
                raise errors.unreadable(effect=True)
        except Uncertain:
            self._lost[command.id] = account.context.clock.now()
            raise
        meta = done.result.get("meta") or {}
        url = str(meta.get("carrier_tracking_link") or meta.get("tracking_url") or "")
        cost = self._cost(done)
        ack = {**_ack(Label(waybill, label, str(done.result.get("label_type") or "")), url, cost)}
        if cost is not None and (charges := self._charges(done, cost)):
            ack["charges"] = charges
        return Accepted(ack)

    def _cost(self, done: Done) -> tuple[str, str] | None:
        try:
            return self._account.dialect.cost(done.answered) or mapping.karrio_cost(done.result)
        except UNREADABLE:  # it is booked all the same
            return None

    def _charges(self, done: Done, cost: tuple[str, str]) -> list[dict[str, Any]]:
        try:
            return mapping.karrio_charges(done.result, cost)
        except UNREADABLE:  # the price stands without its parts
            return []

    def _service(self, shipment: Shipment) -> str:
        """karrio's service for the shipment's service level. Raises `ValueMapMissing`."""
        options, dialect, level = self._account.options, self._account.dialect, shipment.service_level
        if level in options.services:
            return options.services[level]
        if level and options.service_map:
            return self._account.context.value_maps.reverse(options.service_map, level)
        domestic = request.is_domestic(shipment, options)
        found = (not level and options.default_service) or dialect.service(level or "standard", domestic)
        if not found:
            text = f"no service of {dialect.title} for service level {level!r}"
            raise ValueMapMissing(text, map=options.service_map or "services", value=level)
        return found

    async def cancel(self, command: Command) -> Outcome:
        """Make a booking void. Void already is as good as void now, so it may be repeated."""
        account = self._account
        waybill = str(command.data.get("waybill") or command.data.get("tracking_number") or "")
        if not waybill:
            raise refusal("there is no waybill to cancel", "waybill", "is missing", "missing")
        if not account.dialect.voids:
            return await self._unused(waybill)
        answer = await account.run({"op": "cancel", "payload": {"shipment_identifier": waybill}}, effect=True)
        last = told(answer)
        voided = self._voided(last["answered"]) if last is not None and last["status"] in (200, 400) else ""
        if voided:
            return Accepted({"status": "cancelled"}, repeated=voided == "before")
        errors.judge(answer, account.context.clock.now(), effect=True, gone_is_refusal=True)
        if (answer["result"] or {}).get("success"):
            return Accepted({"status": "cancelled"})
        raise errors.unreadable(effect=True)

    def _voided(self, answered: str) -> str:
        try:
            return self._account.dialect.voided(answered)
        except UNREADABLE:
            return ""

    async def _unused(self, waybill: str) -> Outcome:
        """A carrier without cancellation charges what it was handed over and lets the rest lapse: so, has it the goods?"""
        title = self._account.dialect.title
        scans = await self._tracking.scans([waybill])
        if not scans:
            raise TargetRefused(f"{title} knows no consignment {waybill}", waybill=waybill)
        seen = [scan for scan in scans if self._tracking.milestone(scan) != "booked"]
        if seen:
            scanned = "; ".join(f"{scan.at} {scan.description}" for scan in seen[:3])
            raise TargetRefused(f"{title} has the goods already: {scanned}", waybill=waybill)
        return Accepted({"status": "cancelled", "note": f"{title} has no cancellation: keep the parcel, and it is not charged."})

    async def find(self, command: Command) -> Effect:
        """Search a booking by its reference, with its label when the carrier gives it again."""
        account, answers, waybill = self._account, [], ""
        dialect, now = account.dialect, account.context.clock.now()
        reference = request.reference_of(command.id)
        if not dialect.finds:
            return EffectUnclear(f"{dialect.title} cannot be searched by reference: look for {reference}")
        found: Label | None = None
        for asked in dialect.search(reference, account.options.account_number, now.date().isoformat()):
            path = asked["path"].replace("{waybill}", waybill)
            answer = await account.run({"op": "call", "request": {**asked, "path": path}}, effect=False)
            last = told(answer)
            if last is None or last["failure"] or last["status"] not in (200, 400, 404, 422):
                errors.judge(answer, now, effect=False)
            if last is not None:
                answers.append((last["status"], last["answered"]))
            try:
                found = dialect.found(answers)
            except UNREADABLE as error:
                return EffectUnclear(f"{dialect.title} answered neither yes nor no ({type(error).__name__})", retry_after=60.0)
            if found is None:
                return self._not_found(command)
            waybill = found.waybill
        self._lost.pop(command.id, None)
        return EffectFound(_ack(found or Label(waybill), dialect.tracking_url.format(waybill), None))

    def _not_found(self, command: Command) -> Effect:
        """Carriers show a booking some time after they took it: absence counts only after that time, counted anew after a restart."""
        now = self._account.context.clock.now()
        since = self._lost.setdefault(command.id, now)
        left = (since + timedelta(seconds=self._account.options.settle) - now).total_seconds()
        if left > 0:
            return EffectUnclear("the carrier does not show it yet", retry_after=left)
        self._lost.pop(command.id, None)
        return EffectAbsent()


def _ack(label: Label, url: str, cost: tuple[str, str] | None) -> Mapping[str, Any]:
    """The acknowledgement of `shipment.book` (docs/reference/commands.md). Without a cost when the carrier told none again."""
    return {
        "waybill": label.waybill,
        "tracking_number": label.waybill,
        "tracking_url": url,
        "label": label.content,
        "label_format": mapping.label_form(label.content) or label.form,
        "cost": {"amount": cost[0], "currency": cost[1]} if cost else None,
        "references": [["tracking", label.waybill]],
    }
