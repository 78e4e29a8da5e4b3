"""Whether everything that is read under the landscape that runs can still be read under the changed one: schema by schema, reader by reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.payloads import unpack
from crossdock.ledger.session import Session


@dataclass(frozen=True, slots=True)
class Read:
    """A schema (a canonical document, a table of codes, a partner's document) and one who reads it; `breaks` says why it cannot any more."""

    schema: str
    reader: str
    breaks: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def compatibility(session: Session, old: Landscape, new: Landscape, events: int) -> dict[str, Any]:
    """Every reader of every schema, as evidence."""
    found = [*_canonical(old, new), *_recorded(session, events), *_codes(old, new), *_agreements(old, new), *_questions(old, new)]
    broken = [each for each in found if each.breaks]
    says = f"{len(found)} readers of {len({each.schema for each in found})} schemas"
    return {
        "passed": not broken, "readers": len(found), "breaks": [each.as_dict() for each in broken],
        "read": [each.as_dict() for each in found if not each.breaks][:500],
        "says": f"{says}: {len(broken)} cannot read any more" if broken else f"{says}, all can read on",
    }  # fmt: skip


def _readers(landscape: Landscape) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for flow in landscape.flows.values():
        if flow.enabled:
            for event in flow.trigger.events:
                found.setdefault(event, set()).update(
                    f"flow {flow.name} of {source}" for source in dict.fromkeys((*flow.trigger.sources, *flow.roles.values()))
                )
    return found


def _canonical(old: Landscape, new: Landscape) -> Iterator[Read]:
    """Flows that read canonical documents: one that is gone leaves its systems' events without a reader."""
    then, now = _readers(old), _readers(new)
    for event, readers in sorted(then.items()):
        model = EVENT_PAYLOADS.get(event)
        schema = f"{event} ({model.schema_name}/{model.schema_version})" if model is not None else event
        for reader in sorted(readers):
            source = reader.rpartition(" of ")[2]
            others = {each for each in now.get(event, set()) if each.rpartition(" of ")[2] == source}
            gone = reader not in now.get(event, set()) and not others and source in new.systems
            yield Read(schema, reader, f"{source} goes on telling it, and no flow takes it any more" if gone else "")


def _recorded(session: Session, events: int) -> Iterator[Read]:
    """This release reads what the ledger holds: documents written earlier, perhaps by an earlier release."""
    bad: dict[str, str] = {}
    seen: dict[str, int] = {}
    rows = session.rows(f"SELECT type, data FROM ledger_event WHERE LENGTH(data)>0 ORDER BY id DESC LIMIT {int(events)}")  # noqa: S608
    for kind, data in rows:
        seen[kind] = seen.get(kind, 0) + 1
        model = EVENT_PAYLOADS.get(kind)
        try:
            if model is None:
                raise LookupError(kind)
            model.model_validate_json(unpack(data))
        except (LookupError, ValidationError, ValueError) as error:
            bad.setdefault(kind, f"a recorded document cannot be read: {type(error).__name__}")
    for kind, count in sorted(seen.items()):
        yield Read(f"{kind} as recorded", f"the hub, {count} documents", bad.get(kind, ""))


def _codes(old: Landscape, new: Landscape) -> Iterator[Read]:
    """Whoever uses a value map reads its codes: a code that meant something must still mean something, a value still have a code."""
    for name, table in old.value_maps.items():
        readers = [each for each, system in old.systems.items() if _names(system.model_dump(mode="json"), name)]
        readers += [each for each, partner in old.partners.items() if _names(partner.model_dump(mode="json"), name)]
        readers += [each for each, flow in old.flows.items() if _names(flow.model_dump(mode="json"), name)]
        other = new.value_maps.get(name)
        lost = sorted(set(table.entries) - set(other.entries)) if other is not None else []
        without = sorted(set(table.entries.values()) - set(other.entries.values())) if other is not None else []
        for reader in readers:
            known = reader in new.systems or reader in new.partners or reader in new.flows
            why = ""
            if known and other is None:
                why = "the value map is gone"
            elif known and lost:
                why = f"codes without a meaning: {', '.join(lost[:10])}"
            elif known and without:
                why = f"values without a code: {', '.join(without[:10])}"
            yield Read(f"value map {name}", reader, why)


def _names(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return any(_names(each, name) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, name) for each in value)
    return bool(value == name)


def _agreements(old: Landscape, new: Landscape) -> Iterator[Read]:
    """A partner reads and writes documents in the version that was agreed."""
    for name, partner in old.partners.items():
        other = new.partners.get(name)
        agreed = {(each.document, each.direction): each for each in other.agreements} if other is not None else {}
        for each in partner.agreements:
            schema = f"{each.document} {each.direction} ({each.format} {each.version})".replace(" )", ")")
            now = agreed.get((each.document, each.direction))
            why = ""
            if other is not None and now is None and partner.state == "live" == other.state:
                why = "the document is not exchanged any more, and the partner is live"
            elif now is not None and (now.format, now.version) != (each.format, each.version) and partner.state == "live":
                why = f"it becomes {now.format} {now.version}, which the partner has not been certified for"
            yield Read(schema, f"partner {name}", why)


def _questions(old: Landscape, new: Landscape) -> Iterator[Read]:
    """Who asks a question needs an answer of the same flow."""
    for name, flow in old.flows.items():
        if flow.pattern == "direct" and flow.enabled and flow.direct is not None:
            other = new.flows.get(name)
            answered = (
                other is not None and other.enabled and other.direct is not None and other.direct.question == flow.direct.question
            )
            yield Read(flow.direct.question, f"whoever asks {name}", "" if answered else "nobody answers it any more")
