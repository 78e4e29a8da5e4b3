"""The CSV warehouse through the public conformance suite, against an SFTP server on loopback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crossdock.connectors.protocol import Connector
from crossdock.connectors.wms_csv.connector import WmsCsvConnector
from crossdock.simulators.faults import Fault
from crossdock.simulators.wms import WmsSftp
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.sftp import PASSWORD, USER
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    ManualClock,
    MessageSample,
    PollSample,
    SimulatorTarget,
    SnapshotSample,
    Target,
    make_context,
)

LINES = [
    {"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": {"value": "3", "unit": "C62"}},
    {"number": "2", "order_line": "20", "sku": "LOT-GLUE", "quantity": {"value": "2.5", "unit": "KGM"}},
]
ORDER = {
    "number": "FO-1001-1",
    "order_number": "1001",
    "warehouse": "MAIN",
    "ship_to": {"country": "GB", "name": 'Ada, "the" Byron'},
    "lines": LINES,
}
PLAIN = {**ORDER, "number": "FO-1001-9", "lines": [{**line, "quantity": line["quantity"]["value"]} for line in LINES]}  # type: ignore[index]

STATUS = b"fulfilment,sequence,status,reason,at,warehouse_reference\nFO-1001-1,1,accepted,,2026-03-04T10:00:00+01:00,W1\n"
PICKS = (
    b"fulfilment,sequence,confirmation,line,order_line,sku,quantity,unit,lot,package,sscc,weight_kg,picked_at,final,warehouse_reference,substituted_for\n"
    b"FO-1001-1,2,1,1,10,LAMP-1,2,,,C1,340123450000000011,1.270,2026-03-04T10:00:00Z,Y,W1,\n"
    b"FO-1001-1,2,1,2,20,GLUE-ALT,1.5,KGM,L7,C1,340123450000000011,1.270,2026-03-04T10:00:00Z,Y,W1,GLUE\n"
    b"FO-1002-1,1,1,1,10,LAMP-1,1,,,C2,,,2026-03-04T10:05:00Z,N,W2,\n"
)
SHIPPED = b"fulfilment,sequence,shipment,order,at,country,tracking_number,line,sku,quantity\nFO-1001-1,3,S1,1001,2026-03-04T11:00:00Z,GB,WH1,1,LAMP-1,2\n"
STOCK = b"sku,quantity,counted_at,location,lot\nLAMP-1,5,2026-03-04T10:00:00Z,A-01,\nGLUE,7.25,2026-03-04T10:00:00Z,A-01,L7\nGLUE,1,2026-03-04T10:00:00Z,A-02,L8\n"


class Sftp(SimulatorTarget):
    """A server without throttling; the other faults hit the rename of sent files and the opening of received ones."""

    def __init__(self) -> None:
        super().__init__(WmsSftp(behaviour=Behaviour(pick_latency=None)), without=[Fault.THROTTLE])


class TestWmsCsv(ConnectorConformance):
    connector = WmsCsvConnector
    system = "wms"
    options: ClassVar[Mapping[str, Any]] = {"username": USER, "host_keys": ["ssh-ed25519 AAAA"], "timeout": 1, "answer_wait": 0}
    secrets: ClassVar[Mapping[str, str]] = {"password": PASSWORD}
    patience = 1.0

    def target(self) -> Target:
        self._target = Sftp()
        return self._target

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        key = self._target.simulator.host_key_line  # type: ignore[attr-defined]
        options = {**self.options, "host_keys": [key]}
        return WmsCsvConnector(
            make_context(
                WmsCsvConnector, system=self.system, endpoint=endpoint, options=options, secrets=self.secrets, clock=clock
            )
        )

    def commands(self) -> Sequence[CommandSample]:
        async def released(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.warehouse.release(PLAIN, "earlier-command")
            return {}

        return [
            CommandSample(
                "fulfilment.release",
                {"fulfilment": ORDER},
                effect_kind="fulfilment_released",
                path="/in/FO_*.csv",
                method="RENAME",
                ack=("warehouse_reference",),
            ),
            CommandSample(
                "fulfilment.cancel",
                {"fulfilment_number": "FO-1001-9", "reason": "customer changed her mind"},
                effect_kind="fulfilment_cancelled",
                path="/in/CANCEL_*.csv",
                method="RENAME",
                ack=("status",),
                prepare=released,
            ),
        ]

    def messages(self) -> Sequence[MessageSample]:
        return [
            MessageSample("status", STATUS, ["fulfilment.status"], "files", "text/csv"),
            MessageSample("picks", PICKS, ["picking.completed", "picking.completed"], "files", "text/csv"),
            MessageSample("dispatch", SHIPPED, ["shipment.dispatched"], "files", "text/csv"),
            MessageSample("stock", STOCK, ["stock.changed", "stock.changed"], "files", "text/csv"),
        ]

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        pick = b"".join(PICKS.splitlines(keepends=True)[:3])
        return [
            [
                MessageSample("status", STATUS, ["fulfilment.status"], "files", "text/csv"),
                MessageSample("picks", pick, ["picking.completed"], "files", "text/csv"),
                MessageSample("dispatch", SHIPPED, ["shipment.dispatched"], "files", "text/csv"),
            ]
        ]

    def polls(self) -> Sequence[PollSample]:
        async def busy(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.warehouse.release(PLAIN, "earlier-command")
            bench.simulator.warehouse.pick("FO-1001-9")
            return {}

        return [PollSample("files", ("status", "picks", "stock"), prepare=busy)]

    def snapshots(self) -> Sequence[SnapshotSample]:
        async def stocked(bench: Bench) -> Mapping[str, Any]:
            for number in range(25):
                bench.simulator.warehouse.count(f"SKU-{number}", number, tell=False)
            bench.simulator.count_stock()
            return {}

        return [SnapshotSample(25, prepare=stocked, path="/out/snapshots/*", method="OPEN")]
