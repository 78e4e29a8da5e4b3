"""Pushes to canonical events: scans become milestones, signatures and pictures proofs of delivery; pure, knows no carrier's wire."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, get_args

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.freight import ProofOfDelivery
from crossdock.canonical.shipment import Milestone, MilestoneCode
from crossdock.connectors.carrier_webhooks.carriers.base import Sender
from crossdock.connectors.carrier_webhooks.options import CarrierWebhooksOptions
from crossdock.connectors.carrier_webhooks.told import Json, Proof, Push, Scan, wrong
from crossdock.connectors.exact_json import read_exact
from crossdock.connectors.protocol import Inbound, ValueMaps
from crossdock.core.errors import PayloadMalformed

TOPIC: Final = "tracking.push"
PICTURE: Final = "delivery.picture"
CODES: Final = frozenset(get_args(MilestoneCode))


def read_object(body: bytes) -> Json:
    """The body's JSON object. Raises `PayloadMalformed`."""
    document = read_exact(body)
    if not isinstance(document, dict):
        raise PayloadMalformed("a JSON object is expected")
    return document


def inbound(body: bytes) -> Inbound:
    """One push. Its content is its identity: senders repeat it byte for byte, and not all give it a number."""
    return Inbound(TOPIC, hashlib.blake2b(body, digest_size=16).hexdigest(), body)


def events(push: Push, system: str, sender: Sender, options: CarrierWebhooksOptions, value_maps: ValueMaps) -> Sequence[Event]:
    """One event for every scan that says something, and one for every proof; the same scan in two pushes is one event. Oldest first.

    Raises `ValueMapMissing` for a code the options' value map lacks, pydantic's ValidationError.
    """
    made: dict[str, Event] = {}
    for scan in sorted(push.scans, key=lambda one: one.at):
        code = milestone(scan, sender, options, value_maps)
        if code is not None:
            event = _milestone(scan, code, system)
            made.setdefault(event.id, event)
    for proof in push.proofs:
        event = _proof(proof, system)
        made.setdefault(event.id, event)
    return list(made.values())


def milestone(scan: Scan, sender: Sender, options: CarrierWebhooksOptions, value_maps: ValueMaps) -> MilestoneCode | None:
    """The milestone of a scan: by the options, the landscape's value map, the carrier's words, its codes; unknown ones are progress."""
    names = (f"{scan.kind}/{scan.code}", scan.kind) if scan.code else (scan.kind,)
    for name in names:
        if name in options.milestones:
            return options.milestones[name]
    if scan.kind in sender.silent:
        return None
    if options.milestone_map:
        found = value_maps.translate(options.milestone_map, names[0])
        if found not in CODES:
            raise wrong(names[0], f"the value map {options.milestone_map!r} gives {found!r}, which is no milestone")
        return found  # type: ignore[return-value]
    refined = sender.refined(scan)
    if refined is not None:
        return refined
    return next((sender.table[name] for name in names if name in sender.table), "in_transit")


def pictures(push: Push) -> Sequence[Inbound]:
    """The pictures of a push as messages of their own, so that they are kept once, apart from the events that name them."""
    found = {proof.document: proof.picture for proof in push.proofs if proof.picture}
    return [Inbound(PICTURE, name, body, _kind(body)) for name, body in found.items()]


def _kind(body: bytes) -> str:
    marks = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"%PDF": "application/pdf", b"GIF8": "image/gif"}
    return next((kind for mark, kind in marks.items() if body.startswith(mark)), "application/octet-stream")


def _milestone(scan: Scan, code: MilestoneCode, system: str) -> Event:
    data = Milestone(
        tracking_number=scan.tracking_number,
        code=code,
        at=scan.at,
        location=scan.location,
        description=scan.description,
        carrier_code=f"{scan.kind}/{scan.code}" if scan.code else scan.kind,
        carrier=scan.carrier,
    )
    return Event(
        id=f"{system}:{scan.tracking_number}:{scan.print}",
        type="shipment.delivered" if code == "delivered" else "shipment.milestone",
        source=system,
        key="",
        data=data,
        occurred_at=data.at,
        references=(Reference("tracking", scan.tracking_number),),
    )


def _proof(proof: Proof, system: str) -> Event:
    data = ProofOfDelivery(
        tracking_number=proof.tracking_number,
        carrier=proof.carrier,
        signed_by=proof.signed_by,
        at=proof.at,
        location=proof.location,
        document=proof.document,
    )
    said = hashlib.blake2b(f"{proof.at.isoformat()}|{proof.signed_by}|{proof.document}".encode(), digest_size=8).hexdigest()
    return Event(
        id=f"{system}:{proof.tracking_number}:pod:{said}",
        type="shipment.pod",
        source=system,
        key="",
        data=data,
        occurred_at=data.at,
        references=(Reference("tracking", proof.tracking_number),),
    )
