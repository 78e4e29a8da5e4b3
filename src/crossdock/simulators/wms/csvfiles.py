"""The warehouse's facts as CSV files and its instructions from CSV files, in the column names a new partner would be offered."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

PREFIX = {
    "fulfilment.status": "STATUS",
    "picking.completed": "PICK",
    "shipment.dispatched": "SHIP",
    "receipt.completed": "RECEIPT",
    "return.received": "RETURNED",
    "stock.changed": "STOCK",
}
ADDRESS = ("name", "company", "street", "street2", "city", "postal_code", "region", "country", "phone", "email")


def event_file(event: Mapping[str, Any]) -> tuple[str, bytes]:
    """Name and content of the file that tells an event."""
    kind, data = str(event["type"]), event["data"]
    common = {"fulfilment": event.get("fulfilment", ""), "sequence": event.get("sequence", "")}
    at = event["occurred_at"]
    packages = {package["reference"]: package for package in data.get("packages", ())}
    if kind == "fulfilment.status":
        rows = [{**common, **data, "at": at}]
    elif kind == "picking.completed":
        own = {
            "confirmation": data["confirmation"],
            "picked_at": data["picked_at"],
            "final": "Y" if data["final"] else "N",
            "warehouse_reference": data["warehouse_reference"],
        }
        rows = [{**common, **own, **_line(line, packages)} for line in data["lines"]]
        rows = rows or [{**common, **own, "line": "", "sku": "", "quantity": ""}]
    elif kind == "shipment.dispatched":
        own = {"shipment": data["shipment"], "order": data["order_number"], "carrier": data["carrier"], "at": at}
        own |= {name: data["ship_to"].get(name, "") for name in ADDRESS}
        tracking = {"tracking_number": data["tracking_number"]}
        rows = [{**common, **own, **_line(line, packages), **tracking} for line in data["lines"]]
    elif kind == "receipt.completed":
        rows = _received(event)
    elif kind == "return.received":
        rows = _returned(event)
    else:
        rows = [
            {
                "sku": level["sku"],
                "quantity": level["on_hand"],
                "counted_at": at,
                "location": level["location"],
                "lot": level["lot"],
                "change": level["change"],
                "reason": data["reason"],
                "reference": data["reference"],
            }
            for level in data["levels"]
        ]
    return f"{PREFIX[kind]}_{event['seq']:08d}.csv", table(rows)


def _received(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = event["data"]
    own = {
        "receipt": event.get("receipt", ""),
        "sequence": event.get("sequence", ""),
        "number": data["number"],
        "confirmation": data["confirmation"],
        "order": data["order_number"],
        "despatch": data["despatch_number"],
        "warehouse": data["warehouse"],
        "received_at": data["received_at"],
        "final": "Y" if data["final"] else "N",
    }
    names = ("order_line", "sku", "quantity", "unit", "condition", "lot", "expiry", "best_before", "package", "reason")
    rows = [
        {
            **own,
            "line": line["number"],
            **{name: line.get(name, "") for name in names},
            "serials": " ".join(line.get("serials", ())),
        }
        for line in data["lines"]
    ]
    return rows or [{**own, "line": "", **dict.fromkeys(names, ""), "serials": ""}]


def _returned(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = event["data"]
    own = {"return": event.get("return", ""), "sequence": event.get("sequence", ""), "order": data["order_number"]}
    own |= {name: data[name] for name in ("number", "confirmation", "tracking_number", "warehouse", "received_at")}
    own["final"] = "Y" if data["final"] else "N"
    names = ("order_line", "sku", "quantity", "unit", "grade", "instead_of", "lot", "note")
    return [
        {
            **own,
            "line": line["number"],
            **{name: line.get(name, "") for name in names},
            "serials": " ".join(line.get("serials", ())),
        }
        for line in data["lines"]
    ]


def _line(line: Mapping[str, Any], packages: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    package = packages.get(line.get("package", ""), {})
    return {
        "line": line["number"],
        "order_line": line.get("order_line", ""),
        "sku": line["sku"],
        "quantity": line["quantity"],
        "unit": line.get("unit", ""),
        "lot": line.get("lot", ""),
        "package": line.get("package", ""),
        "sscc": package.get("sscc", ""),
        "weight_kg": package.get("weight_kg", ""),
        "substituted_for": line.get("substituted_for", ""),
    }


def table(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as CSV with a header."""
    listed = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(listed[0]))
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue().encode()


def read_table(body: bytes) -> list[dict[str, str]]:
    """The rows of a received file. Raises ValueError when it is none."""
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    if not rows:
        raise ValueError("no rows")
    return rows


def order_of(rows: list[dict[str, str]]) -> tuple[dict[str, Any], str]:
    """The fulfilment order in a file and the command it carries. Raises KeyError when columns are missing."""
    first = rows[0]
    lines = [
        {name: row[name] for name in ("order_line", "sku", "quantity", "unit", "lot")} | {"number": row["line"]} for row in rows
    ]
    order = {
        "number": first["fulfilment"],
        "order_number": first["order"],
        "warehouse": first["warehouse"],
        "carrier": first["carrier"],
        "ship_to": {name: first[name] for name in ADDRESS},
        "lines": lines,
    }
    return order, first["command"]


def receipt_of(rows: list[dict[str, str]]) -> tuple[dict[str, Any], str]:
    """The expected receipt in a file and the command it carries. Raises KeyError when columns are missing."""
    first = rows[0]
    names = ("order_line", "sku", "quantity", "unit", "lot", "expiry", "best_before", "package")
    lines = [{name: row[name] for name in names} | {"number": row["line"], "serials": row["serials"].split()} for row in rows]
    document = {
        "number": first["receipt"],
        "version": int(first["version"]),
        "order_number": first["order"],
        "despatch_number": first["despatch"],
        "warehouse": first["warehouse"],
        "lines": lines,
    }
    return document, first["command"]


def return_of(rows: list[dict[str, str]]) -> tuple[dict[str, Any], str]:
    """The expected return in a file and the command it carries. Raises KeyError when columns are missing."""
    first = rows[0]
    names = ("order_line", "sku", "quantity", "unit", "reason")
    lines = [{name: row[name] for name in names} | {"number": row["line"], "lots": row["lots"].split()} for row in rows]
    document = {
        "number": first["return"],
        "version": int(first["version"]),
        "order_number": first["order"],
        "warehouse": first["warehouse"],
        "tracking_number": first["tracking_number"],
        "lines": lines,
    }
    return document, first["command"]
