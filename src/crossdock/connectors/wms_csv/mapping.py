"""The warehouse's CSV files to canonical events, and commands to files: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from typing import IO, Any, Final

import orjson

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.fulfilment import FulfilmentOrder, FulfilmentStatus, PickConfirmation
from crossdock.canonical.inventory import StockChange, StockMovement
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.canonical.returns import ExpectedReturn
from crossdock.canonical.shipment import Shipment
from crossdock.connectors.protocol import StockLine, StoredMessage
from crossdock.connectors.warehouse import OWN_TERMS, Move, StockTerms
from crossdock.connectors.wms_csv.columns import ADDRESS, COLUMNS, FileKind
from crossdock.connectors.wms_csv.making import Make, grouped, identity, needed_time
from crossdock.connectors.wms_csv.options import WmsCsvOptions
from crossdock.connectors.wms_csv.receipts import expected_rows, received
from crossdock.connectors.wms_csv.returns import return_rows, returned
from crossdock.connectors.wms_csv.tables import Problems, Row, Table
from crossdock.core.errors import DocumentUnknown, PayloadMalformed

TOPICS: Final = frozenset({"picks", "status", "dispatch", "receipts", "returns", "stock"})
UNREADABLE: Final = "unreadable"
UNKNOWN: Final = "unknown"


class Files:
    """The kinds of files of one warehouse, as its options describe them."""

    def __init__(self, options: WmsCsvOptions, terms: StockTerms = OWN_TERMS) -> None:
        self._terms = terms
        self._patterns = options.files
        self._tables: dict[FileKind, Table] = {
            kind: Table(kind, options.dialect, options.columns.get(kind, {})) for kind in COLUMNS
        }

    # In ------------------------------------------------------------------------------------------------------

    def kind_of(self, name: str) -> str:
        """The topic of a received file by its name, `unknown` when no pattern fits."""
        for kind, pattern in self._patterns.items():
            if fnmatchcase(name, pattern):
                return kind
        return UNKNOWN

    def readable(self, kind: str, body: bytes) -> bool:
        """Whether a file of a known kind has an encoding, a header and rows that can be read at all."""
        if kind not in TOPICS:
            return False
        problems = Problems()
        try:
            return bool(self._tables[kind].rows(body, problems)) and not problems.found  # type: ignore[index]
        except PayloadMalformed:
            return False

    def events(self, message: StoredMessage) -> Sequence[Event]:
        """The events in a file. All or nothing: one wrong cell refuses the file, and every wrong cell is named.

        Raises `PayloadMalformed`, `DocumentUnknown`, pydantic's ValidationError.
        """
        if message.topic == UNREADABLE:
            raise _unreadable(message.body)
        if message.topic not in TOPICS:
            name = message.headers.get("file", "")
            raise DocumentUnknown(f"no pattern in `files` fits {name!r}", topic=message.topic, file=name)
        problems = Problems()
        kind: FileKind = message.topic  # type: ignore[assignment]
        rows = self._tables[kind].rows(message.body, problems)
        if not rows and not problems.found:
            raise PayloadMalformed("the file has a header and no rows")
        make = {
            "picks": _picks,
            "status": _status,
            "dispatch": _dispatch,
            "receipts": received,
            "returns": returned,
            "stock": _stock,
        }[message.topic]
        found = make(message.system, rows)
        if message.topic == "stock":
            found += _moved(message.system, rows, self._terms)
        problems.done()
        return [event() for event in found]

    def answer(self, body: bytes, kind: FileKind = "answer") -> tuple[str, str]:
        """Status and reason of an answer to a cancellation. Raises `PayloadMalformed`."""
        problems = Problems()
        rows = self._tables[kind].rows(body, problems)
        problems.done()
        if not rows:
            raise PayloadMalformed("the answer has no row")
        return rows[-1].text("status").lower(), rows[-1].text("reason")

    def stock_lines(self, text: IO[str], size: int) -> Iterator[list[StockLine]]:
        """A snapshot in chunks. Raises `PayloadMalformed` at the first wrong chunk, naming its wrong cells."""
        problems = Problems()
        rows = self._tables["snapshot"].read(text, problems)
        while part := [_stock_line(row) for row in islice(rows, size)]:
            problems.done()
            yield [replace(line, location=self._terms.place(line.location)) for line in part]
        problems.done()

    # Out -----------------------------------------------------------------------------------------------------

    def release(self, order: FulfilmentOrder, command: str) -> bytes:
        """The file of a fulfilment order: one row per line, the order's own data on every row."""
        address = order.ship_to.model_dump(mode="python")
        common = {
            "command": command,
            "fulfilment": order.number,
            "order": order.order_number,
            "warehouse": order.warehouse,
            "carrier": order.carrier,
            "service_level": order.service_level,
            "ship_by": order.ship_by,
            "note": order.note,
            **{name: address.get(name) for name in ADDRESS},
        }
        return self._tables["release"].write(
            {
                **common,
                "line": line.number,
                "order_line": line.order_line,
                "sku": line.sku,
                "quantity": line.quantity.value,
                "unit": line.quantity.unit,
                "lot": line.lot,
            }
            for line in order.lines
        )

    def expect(self, receipt: ExpectedReceipt, command: str) -> bytes:
        """The file of an expected receipt: one row per line, its own data on every row."""
        return self._tables["expect"].write(expected_rows(receipt, command))

    def recall(self, number: str, reason: str, command: str) -> bytes:
        """The file that takes an expected receipt back."""
        return self._tables["recall"].write([{"command": command, "receipt": number, "reason": reason}])

    def expect_back(self, announced: ExpectedReturn, command: str) -> bytes:
        """The file of an expected return: one row per line, its own data on every row."""
        return self._tables["return_expect"].write(return_rows(announced, command))

    def keep(self, number: str, reason: str, command: str) -> bytes:
        """The file that says a return will not come."""
        return self._tables["return_recall"].write([{"command": command, "return": number, "reason": reason}])

    def cancel(self, number: str, reason: str, command: str) -> bytes:
        """The file of a cancellation."""
        return self._tables["cancel"].write([{"command": command, "fulfilment": number, "reason": reason}])


def _about(system: str, kind: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Identity, position and references of a group of rows that tell one fact about a fulfilment."""
    number, sequence = rows[0].needed("fulfilment"), rows[0].integer("sequence")
    references = [Reference("fulfilment", number)]
    for scheme, name in ((f"{system}:fulfilment", "warehouse_reference"), ("tracking", "tracking_number")):
        value = next((row.text(name) for row in rows if row.text(name)), "")
        if value:
            references.append(Reference(scheme, value))
    return {
        "id": f"{system}/{kind}/{number}/{sequence or identity(rows)}",
        "source": system,
        "key": "",
        "references": tuple(references),
        "position": Position(f"{system}/fulfilment/{number}", sequence, contiguous=True) if sequence else None,
    }


def _picks(system: str, rows: Sequence[Row]) -> list[Make]:
    made = []
    for group in grouped(rows, "fulfilment", "confirmation").values():
        first = group[0]
        at = needed_time(first, "picked_at")
        first.needed("confirmation")  # without it a second part would be taken for the first one told again
        data = {
            "fulfilment_number": first.text("fulfilment"),
            "sequence": first.integer("confirmation"),
            "picked_at": at,
            "lines": [_line(row) for row in group if row.text("sku")],
            "packages": _packages(group),
            "final": first.flag("final"),
            "warehouse_reference": first.text("warehouse_reference"),
        }
        about = _about(system, "picks", group)
        made.append(Make(**about, type="picking.completed", payload=PickConfirmation, data=data, occurred_at=at))
    return made


def _line(row: Row) -> dict[str, Any]:
    row.needed("quantity")
    return {
        "number": row.needed("line"),
        "order_line": row.text("order_line"),
        "sku": row.text("sku"),
        "quantity": {"value": row.decimal("quantity"), "unit": row.text("unit") or "C62"},
        "lot": row.text("lot"),
        "serials": tuple(row.text("serials").replace("|", " ").split()),
        "package": row.text("package"),
        "substituted_for": row.text("substituted_for"),
    }


def _packages(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = row.text("package")
        if name and name not in found:
            stated = {"reference": name, "sscc": row.text("sscc"), "tracking_number": row.text("tracking_number")}
            found[name] = {**stated, "weight_kg": row.decimal("weight_kg")}
    return list(found.values())


def _status(system: str, rows: Sequence[Row]) -> list[Make]:
    made = []
    for row in rows:
        status = row.needed("status").lower()
        if status not in ("accepted", "refused", "cancelled"):
            row.wrong("status", "expected accepted, refused or cancelled")
        at = needed_time(row, "at")
        data = {"fulfilment_number": row.text("fulfilment"), "status": status, "reason": row.text("reason"), "at": at}
        data |= {"warehouse_reference": row.text("warehouse_reference")}
        about = _about(system, "status", [row])
        made.append(Make(**about, type="fulfilment.status", payload=FulfilmentStatus, data=data, occurred_at=at))
    return made


def _dispatch(system: str, rows: Sequence[Row]) -> list[Make]:
    made = []
    for group in grouped(rows, "fulfilment", "shipment").values():
        first = group[0]
        at = needed_time(first, "at")
        data = {
            "number": first.needed("shipment"),
            "order_number": first.text("order"),
            "fulfilment_number": first.text("fulfilment"),
            "carrier": first.text("carrier"),
            "service_level": first.text("service_level"),
            "tracking_number": first.text("tracking_number"),
            "ship_to": {name: first.text(name) for name in ADDRESS if name != "country"} | {"country": first.needed("country")},
            "packages": _packages(group),
            "lines": [_line(row) for row in group if row.text("sku")],
            "dispatched_at": at,
        }
        about = _about(system, "dispatch", group)
        made.append(Make(**about, type="shipment.dispatched", payload=Shipment, data=data, occurred_at=at))
    return made


def _stock(system: str, rows: Sequence[Row]) -> list[Make]:
    made = []
    for (sku,), group in grouped(rows, "sku").items():
        levels, latest = [], None
        for row in group:
            row.needed("sku")
            row.needed("quantity")
            at = needed_time(row, "counted_at")
            available, unit = row.decimal("available"), row.text("unit") or "C62"
            levels.append(
                {
                    "sku": sku,
                    "location": row.text("location"),
                    "lot": row.text("lot"),
                    "on_hand": {"value": row.decimal("quantity"), "unit": unit},
                    "available": None if available is None else {"value": available, "unit": unit},
                    "counted_at": at,
                }
            )
            latest = max((moment for moment in (latest, at) if moment is not None), default=None)
        count = 0 if latest is None else int(latest.timestamp()) * 1_000_000 + latest.microsecond
        made.append(
            Make(
                id=f"{system}/stock/{sku}/{count}/{identity(group)}",
                type="stock.changed",
                source=system,
                key=f"stock/{system}/{sku}",
                payload=StockChange,
                data={"levels": levels, "reason": "file"},
                occurred_at=latest,
                position=Position(f"{system}/stock/{sku}", count),
            )
        )
    return made


def _moved(system: str, rows: Sequence[Row], terms: StockTerms) -> list[Make]:
    """What moved, for every SKU and reason. Without a position: each movement counts, whatever became known before it."""
    made = []
    told = [row for row in rows if row.text("change")]
    for (sku, reason, reference), group in grouped(told, "sku", "reason", "reference").items():
        moves, at = [], None
        for row in group:
            change, at = row.decimal("change"), row.time("counted_at")
            if change is not None:
                moves.append(Move(sku, row.text("location"), row.text("lot"), change, row.text("unit") or "C62"))
        if at is None or len(moves) < len(group):
            continue  # a cell is wrong, and the file is refused for it
        stated = {"cause": terms.cause(reason, "reason"), "reason": reason, "reference": reference}
        changes = terms.changes(moves)
        if changes:
            made.append(
                Make(
                    id=f"{system}/moved/{sku}/{identity(group)}",
                    type="stock.moved",
                    source=system,
                    key=f"stock/{system}/{sku}",
                    payload=StockMovement,
                    data={"changes": changes, **stated},
                    occurred_at=at,
                )
            )
    return made


def _stock_line(row: Row) -> StockLine:
    quantity = row.decimal("quantity")
    if quantity is None and not row.text("quantity"):
        row.wrong("quantity", "must not be empty")
    return StockLine(row.needed("sku"), row.text("location"), row.text("lot"), "" if quantity is None else format(quantity, "f"))


def _unreadable(body: bytes) -> PayloadMalformed:
    try:
        note: Mapping[str, Any] = orjson.loads(body)
        return PayloadMalformed(f"{note['file']}: {note['reason']}", file=note["file"], quarantine=note["quarantine"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return PayloadMalformed("a file that could not be read")
