"""The warehouse over CSV files on an SFTP server of its own; faults hit the steps of the protocol, control stays on HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import InvalidOperation
from typing import Any

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.sftp import USER, SftpHost
from crossdock.simulators.wms.announcements import Announcements
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.csvfiles import event_file, order_of, read_table, receipt_of, return_of, table
from crossdock.simulators.wms.model import Refused, Warehouse

__all__ = ["PASSWORD", "USER", "WmsSftp"]

PASSWORD = "wms-demo-sftp-password"  # noqa: S105 - of the demo


class WmsSftp(SftpHost):
    """`start` returns `sftp://...`; `url` is the control address. Methods for scripts and rules: CONNECT, AUTH, OPEN, RENAME, LIST.

    The warehouse takes a file out of `/in` in the moment it gets its final name, and deletes it. With `keyboard` False nothing but
    passwords and the keys in `client_keys` are accepted.
    """

    name = "wms-sftp"
    folders = ("in", "out", "out/snapshots", "answers")

    def __init__(self, faults: FaultPlan | None = None, behaviour: Behaviour | None = None) -> None:
        super().__init__(PASSWORD, faults)
        self._late: set[asyncio.TimerHandle] = set()
        self.warehouse = Warehouse(
            behaviour or Behaviour(),
            lambda kind, key, data, idempotency: self.record(kind, key, data, idempotency_key=idempotency),
            lambda event, body: self._tell(event),
        )

    async def stop(self) -> None:
        self.warehouse.stop()
        for timer in self._late:
            timer.cancel()
        await super().stop()

    def reset(self) -> None:
        self.warehouse.reset()
        super().reset()

    def state(self) -> Mapping[str, Any]:
        return {
            "fulfilments": len(self.warehouse.fulfilments),
            "events": len(self.warehouse.log),
            "violations": self.warehouse.violations,
            "sftp": self.sftp_url,
        }

    # What happens when files move --------------------------------------------------------------------------

    def arrived(self, path: str) -> None:
        """A file got its final name."""
        folder, _, name = path.strip("/").rpartition("/")
        place = self.root / folder / name
        if folder != "in" or not place.is_file():
            return
        body = place.read_bytes()
        place.unlink()
        try:
            rows = read_table(body)
            if name.startswith("CANCEL"):
                self._cancelled(name, rows[0])
            elif name.startswith("RECALL"):
                self._recalled(name, rows[0], self.warehouse.dock)
            elif name.startswith("KEPT"):
                self._recalled(name, rows[0], self.warehouse.returns)
            elif name.startswith("RETURN"):
                self.warehouse.returns.expect(*return_of(rows))
            elif name.startswith("EXPECT"):
                self.warehouse.dock.expect(*receipt_of(rows))
            else:
                self.warehouse.release(*order_of(rows))
        except Refused as refused:
            self.record("refused_file", name, {"code": refused.code, "detail": str(refused)})
        except (ValueError, KeyError, InvalidOperation) as problem:
            self.warehouse.violate("unreadable_file", name, problem=str(problem))

    def _cancelled(self, name: str, row: Mapping[str, str]) -> None:
        try:
            answer = {
                "fulfilment": row["fulfilment"],
                "status": self.warehouse.cancel(row["fulfilment"], row["command"]),
                "reason": "",
            }
        except Refused as refused:
            answer = {"fulfilment": row["fulfilment"], "status": refused.code, "reason": str(refused)}
        self.put(f"answers/{name}", table([answer]))

    def _recalled(self, name: str, row: Mapping[str, str], desk: Announcements) -> None:
        number = row[desk.what]
        try:
            answer = {desk.what: number, "status": desk.cancel(number, row["command"]), "reason": ""}
        except Refused as refused:
            answer = {desk.what: number, "status": refused.code, "reason": str(refused)}
        self.put(f"answers/{name}", table([answer]))

    def _tell(self, event: Mapping[str, Any]) -> None:
        name, body = event_file(event)
        fault = self.faults.for_webhook(str(event["type"]), body)
        if fault is Fault.REORDER:
            timer = asyncio.get_running_loop().call_later(self.faults.reorder_delay, self.put, f"out/{name}", body)
            self._late.add(timer)
            return
        self.put(f"out/{name}", body)
        if fault is Fault.DUPLICATE:
            self.put(f"out/{name.removesuffix('.csv')}-again.csv", body)

    def count_stock(self, name: str = "INVENTORY.csv") -> None:
        """Write a snapshot file of the whole stock."""
        rows = [
            {"sku": sku, "location": place, "lot": lot, "quantity": str(quantity)}
            for (sku, place, lot), quantity in sorted(self.warehouse.stock.items())
        ]
        self.put(f"out/snapshots/{name}", table(rows))
