"""What crossed at each step of a transaction, with what somebody may not see hidden: received, canonical, mapped, sent, answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.core.command_documents import CARRIED
from crossdock.ledger.trace import REMOVED, Story
from crossdock.security.masking import MASKED, Mask

HIDDEN: Final = "••• hidden: this text cannot be shown in part"
LONGEST: Final = 200_000
"""Characters of one payload that is shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One payload as it is shown; `text` is plain text, never markup."""

    step: str
    system: str
    title: str
    at: int
    text: str
    outcome: str = ""
    hidden: bool = False


def steps(told: Story, mask: Mask, seen: Callable[[str], bool] = lambda _system: True) -> list[Shown]:
    """Every payload of a transaction in order of time, of the systems that may be `seen`."""
    found: list[Shown] = []
    for entry in told.entries:
        if seen(str(entry["system"])):
            found += _of(entry, mask)
    return found


def _of(entry: Mapping[str, Any], mask: Mask) -> list[Shown]:
    step, system, what, at, outcome = entry["step"], entry["system"], entry["what"], entry["at"], entry["outcome"]
    if step == "received" and "received" in entry:
        return [Shown("received", system, what, at, foreign(entry["received"], mask), outcome, bool(mask))]
    if step == "event" and "canonical" in entry:
        text = pretty(masked_event(entry["canonical"], what, mask))
        return [Shown("canonical", system, what, at, text, outcome, MASKED in text)]
    if step == "command" and "mapped" in entry:
        text = pretty(masked_command(entry["mapped"], mask))
        found = [Shown("mapped", system, what, at, text, outcome, MASKED in text)]
        if entry.get("ack"):
            found.append(
                Shown("answered", system, what, entry.get("settled_at") or at, pretty(mask.foreign(entry["ack"])), outcome)
            )
        return found
    found = []
    for each in entry.get("exchanges", ()):
        title = f"{each['method']} {each['url']} → {each['status']} ({each['milliseconds']} ms)"
        for step_, text in (("sent", each["sent"]), ("answered", each["answered"])):
            if text:
                found.append(Shown(step_, system, title, at, foreign(text, mask), outcome, bool(mask)))
    return found


def masked_event(document: Any, event: str, mask: Mask) -> Any:
    """A canonical document with what is protected hidden."""
    kind = EVENT_PAYLOADS.get(event)
    if not isinstance(document, dict) or not mask:
        return document
    found = mask.canonical(document, kind.schema_name if kind else "")
    if isinstance(found.get("order"), dict):
        found = {**found, "order": mask.canonical(found["order"], "order")}
    return found


def masked_command(data: Any, mask: Mask) -> Any:
    """A command's data with what is protected in its documents hidden."""
    if not isinstance(data, dict) or not mask:
        return data
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name == "document":
            found[name] = masked_event(value, str(data.get("event", "")), mask)
        elif name in CARRIED:
            schema = CARRIED[name].schema_name
            found[name] = (
                [mask.canonical(one, schema) for one in value] if isinstance(value, list) else mask.canonical(value, schema)
            )
        else:
            found[name] = value
    return found


def foreign(text: str, mask: Mask) -> str:
    """A foreign document as text; what is no JSON is hidden whole where anything of it would be."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return HIDDEN if mask and text and text != REMOVED else text[:LONGEST]
    return pretty(mask.foreign(document))


def pretty(document: Any) -> str:
    """JSON for people; text as it is."""
    if isinstance(document, str):
        return document[:LONGEST]
    return orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str).decode()[:LONGEST]
