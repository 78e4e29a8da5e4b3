"""The warehouse's facts as CSV files and its instructions from CSV files, in the column names a new partner would be offered."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

PREFIX = {"fulfilment.status": "STATUS", "picking.completed": "PICK", "shipment.dispatched": "SHIP", "stock.changed": "STOCK"}
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
    else:
        rows = [
            {
                "sku": level["sku"],
                "quantity": level["on_hand"],
                "counted_at": at,
                "location": level["location"],
                "lot": level["lot"],
            }
            for level in data["levels"]
        ]
    return f"{PREFIX[kind]}_{event['seq']:08d}.csv", table(rows)


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
