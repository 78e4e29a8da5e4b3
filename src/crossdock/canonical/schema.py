"""The published JSON Schemas of all canonical objects and events, and whether two versions of one can read each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from crossdock.canonical.bank import CreditTransfer
from crossdock.canonical.base import Canonical
from crossdock.canonical.customer_invoice import InvoiceRequest
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.freight import Tender
from crossdock.canonical.fulfilment import FulfilmentOrder
from crossdock.canonical.journal import Journal
from crossdock.canonical.order import Discrepancy
from crossdock.canonical.questions import QUESTIONS
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.canonical.returns import ExpectedReturn, ReturnAnswer, ReturnTransfer
from crossdock.canonical.structure import nested

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def objects() -> dict[str, type[Canonical]]:
    """Every published class by its schema name: the payloads of events and questions, what commands carry, and what these are made of."""
    found: dict[str, type[Canonical]] = {}
    waiting: list[type[Canonical]] = [
        FulfilmentOrder,
        Discrepancy,
        ExpectedReceipt,
        ExpectedReturn,
        ReturnTransfer,
        ReturnAnswer,
        InvoiceRequest,
        CreditTransfer,
        Tender,
        Journal,
        *EVENT_PAYLOADS.values(),
        *(kind for pair in QUESTIONS.values() for kind in pair),
    ]
    while waiting:
        kind = waiting.pop()
        if kind.schema_name and found.get(kind.schema_name) is kind:
            continue
        if kind.schema_name:
            found[kind.schema_name] = kind
        waiting += [inner for inner, _ in nested(kind).values()]
    return dict(sorted(found.items()))


def schema_of(kind: type[Canonical]) -> dict[str, Any]:
    """The JSON Schema of a class as it is read: what it demands, what it takes, with `$id` `urn:crossdock:schema:order:1.0`."""
    made = kind.model_json_schema(mode="validation")
    return {"$schema": DIALECT, "$id": f"urn:crossdock:schema:{kind.schema_name}:{kind.schema_version}", **made}


def event_schema(event: str) -> dict[str, Any]:
    """The JSON Schema of an event as it is published (CloudEvents 1.0 in structured mode), its payload by reference."""
    kind = EVENT_PAYLOADS[event]
    text = {"type": "string", "minLength": 1}
    return {
        "$schema": DIALECT,
        "$id": f"urn:crossdock:event:{event}:{kind.schema_version}",
        "title": event,
        "type": "object",
        "required": ["specversion", "id", "type", "source", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "type": {"const": event},
            "source": {**text, "description": "The system the event comes from."},
            "subject": {"type": "string", "description": "The business key, `order/shopify-eu/1001`."},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "dataschema": {"const": f"urn:crossdock:schema:{kind.schema_name}:{kind.schema_version}"},
            "data": {"$ref": f"urn:crossdock:schema:{kind.schema_name}:{kind.schema_version}"},
        },
    }


def export(folder: Path) -> list[Path]:
    """Write all schemas to `folder` (`order-1.0.json`, `event-order.placed-1.0.json`); gives the files, sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {f"{name}-{kind.schema_version}.json": schema_of(kind) for name, kind in objects().items()}
    made |= {f"event-{event}-{kind.schema_version}.json": event_schema(event) for event, kind in EVENT_PAYLOADS.items()}
    for name, schema in made.items():
        folder.joinpath(name).write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n", "utf-8")
    return sorted(folder / name for name in made)


@dataclass(frozen=True, slots=True)
class Break:
    """A difference between two versions that somebody stumbles over: the previous `reader` of new documents, or the new reader of
    documents that are `stored`.
    """

    path: str
    who: Literal["reader", "stored"]
    message: str


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Break]:
    """What makes the new version of a schema a major one; empty when a minor version will do.

    Allowed: optional fields more, limits that only got as tight as before, texts and descriptions. Not allowed: fields gone, other
    types, formats, codes or limits, optional fields that became required or the other way round.
    """
    return list(_compare(old, new, old, new, "", frozenset()))


def version_fault(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Why the version of the new schema is wrong after what changed; empty when it is right."""
    found = breaks(old, new)
    was, now = _version(old), _version(new)
    if found and now[0] <= was[0]:
        return f"{new['$id']}: {found[0].path or 'it'} {found[0].message}; that needs version {was[0] + 1}.0"
    if not found and _plain(old) != _plain(new) and now <= was:
        return f"{new['$id']}: it changed; that needs version {was[0]}.{was[1] + 1}"
    return ""


_LIMITS = {
    "maxLength": 1, "maxItems": 1, "maximum": 1, "exclusiveMaximum": 1, "minLength": -1, "minItems": -1, "minimum": -1, "exclusiveMinimum": -1,
}  # fmt: skip
"""Limits: 1 when a greater value takes more, -1 when a smaller one does."""


def _compare(
    old_root: Mapping[str, Any],
    new_root: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    path: str,
    seen: frozenset[str],
) -> Iterator[Break]:
    if "$ref" in old and "$ref" in new:
        if old["$ref"] in seen:
            return
        seen |= {old["$ref"]}
    old, new = _resolved(old_root, old), _resolved(new_root, new)
    yield from _kinds(old, new, path)
    options_old, options_new = old.get("anyOf", ()), new.get("anyOf", ())
    for before, after in zip(options_old, options_new, strict=False):
        yield from _compare(old_root, new_root, before, after, path, seen)
    if len(options_old) != len(options_new):
        yield Break(path, "reader" if len(options_new) > len(options_old) else "stored", "takes other kinds of values")
    if "items" in old and "items" in new:
        yield from _compare(old_root, new_root, old["items"], new["items"], f"{path}[]", seen)
    before, after = old.get("properties", {}), new.get("properties", {})
    demanded, demands = set(old.get("required", ())), set(new.get("required", ()))
    for name, schema in before.items():
        place = f"{path}.{name}" if path else name
        if name not in after:
            yield Break(place, "reader", "is gone")
            continue
        if name in demanded and name not in demands:
            yield Break(place, "reader", "is not always there any more")
        if name in demands and name not in demanded:
            yield Break(place, "stored", "is demanded now")
        yield from _compare(old_root, new_root, schema, after[name], place, seen)
    for name in after.keys() - before.keys():
        if name in demands:
            yield Break(f"{path}.{name}" if path else name, "stored", "is new and demanded")


def _kinds(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Break]:
    for name in ("type", "format", "pattern", "const"):
        if old.get(name) != new.get(name):
            yield Break(path, "reader", f"has another {name}: {new.get(name)!r} instead of {old.get(name)!r}")
    codes_old, codes_new = set(old.get("enum", ())), set(new.get("enum", ()))
    if codes_new - codes_old:
        yield Break(
            path, "reader", f"has codes the previous reader does not know: {', '.join(sorted(map(str, codes_new - codes_old)))}"
        )
    if codes_old - codes_new:
        yield Break(path, "stored", f"does not know codes any more: {', '.join(sorted(map(str, codes_old - codes_new)))}")
    for name, more in _LIMITS.items():
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        wider = after is None or (before is not None and (after - before) * more > 0)
        yield Break(path, "reader" if wider else "stored", f"has another {name}: {after} instead of {before}")


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = root["$defs"][str(schema["$ref"]).rpartition("/")[2]]
    return found


def _version(schema: Mapping[str, Any]) -> tuple[int, int]:
    major, _, minor = str(schema["$id"]).rpartition(":")[2].partition(".")
    return int(major), int(minor or 0)


def _plain(schema: Any) -> Any:
    """A schema without what only people read."""
    if isinstance(schema, Mapping):
        return {name: _plain(value) for name, value in schema.items() if name not in {"description", "title", "$id", "examples"}}
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema


if __name__ == "__main__":
    import sys

    export(Path(sys.argv[1]))
