"""Functional acknowledgements (997, 999, TA1, CONTRL, APERAK, MDN) of what the supplier or a warehouse was sent."""

from __future__ import annotations

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.procurement_to_receipt.work import Work

SENT = "edi:sent"
_KEPT = 20


def acknowledged(w: Work, fact: Happened) -> None:
    """`document.acknowledged`: a partner's machine took or refused something it was sent."""
    data = fact.event.data
    if not isinstance(data, DocumentAcknowledgement):
        return
    names = [one.value for one in fact.event.references if one.scheme == SENT]
    about = next((w.controls[name] for name in names if name in w.controls), "")
    document = fact.document()
    if about:
        _judge(w, about, document)
    elif w.running("purchase_order.send") or w.running("purchase_order.change") or w.running("purchase_order.cancel"):
        # the partner was quicker than the answer of its own gateway
        if len(w.early) < _KEPT:
            w.early.append({"type": "document.acknowledged", "names": names, "data": document})
    else:
        w.note(f"{data.standard} {data.verdict}: about nothing that is known to have been sent")


def sent_as(w: Work, control: str, slot: str) -> None:
    """Something went out under these control numbers; what was acknowledged before the hub knew so counts now."""
    w.controls[control] = slot
    for entry in [one for one in w.early if one["type"] == "document.acknowledged" and control in one["names"]]:
        w.early.remove(entry)
        _judge(w, slot, entry["data"])


def _judge(w: Work, about: str, document: Json) -> None:
    standard, verdict, level = document["standard"], document["verdict"], document["level"]
    name, _, suffix = about.partition(":")
    n = int(suffix.partition(".")[0]) if suffix.partition(".")[0].isdecimal() else 0
    ours = name in {"purchase_order.send", "purchase_order.change"}
    if verdict in {"accepted", "accepted_with_errors"}:
        w.note(f"{standard}: {name} was {verdict.replace('_', ' ')}")
        if ours and level in {"group", "document", "application"}:
            w.reach("acknowledged", document["acknowledged_at"])
            w.came("acknowledged", n)
            if f"acknowledgement:{n}" in w.parked:
                w.unpark(f"acknowledgement:{n}")
        return
    if ours:
        w.came("acknowledged", n)
    if w.closed == "cancelled" and ours:
        w.note(f"{standard}: the supplier refuses a version of an order that is cancelled")
        return
    found = [
        " ".join(word for word in (one["segment"], one["element"], one["code"], one["message"]) if word)
        for one in document["findings"]
    ]
    error = DecisionNeeded(
        f"the partner's machine refuses what it was sent ({standard}): {'; '.join(found) or document['note'] or verdict}",
        about=about,
        findings=document["findings"],
        control=document["interchange_control"],
    )
    newest = ours and n == w.sends
    w.park(
        f"acknowledgement:{n}", error, "supplier" if ours else "wms", ("resend", "acknowledge") if newest else ("acknowledge",)
    )
