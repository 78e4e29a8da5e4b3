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

EXPECTED = {
    "number": "RC-P1-1",
    "version": 1,
    "order_number": "P00001",
    "lines": [
        {"number": "1", "order_line": "31", "sku": "LAMP-1", "quantity": {"value": "40"}},
        {
            "number": "2",
            "order_line": "32",
            "sku": "LOT-GLUE",
            "quantity": {"value": "5.5", "unit": "KGM"},
            "lot": "G7",
            "expiry": "2027-06-30",
        },
    ],
}
PLAIN_RECEIPT = {
    **EXPECTED,
    "number": "RC-P1-9",
    "lines": [{**line, "quantity": line["quantity"]["value"]} for line in EXPECTED["lines"]],
}  # type: ignore[attr-defined, index]
RETURN = {
    "number": "RT-1001-1",
    "order_number": "1001",
    "lines": [{"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": {"value": "2"}, "reason": "damaged"}],
}
PLAIN_RETURN = {
    **RETURN,
    "number": "RT-1001-9",
    "lines": [{**line, "quantity": line["quantity"]["value"]} for line in RETURN["lines"]],  # type: ignore[attr-defined, index]
}
RETURNS = (
    b"return,sequence,number,confirmation,order,tracking_number,line,order_line,sku,quantity,grade,instead_of,received_at,final\n"
    b"RT-1001-1,1,RR-1,1,1001,,1,10,LAMP-1,1,resaleable,,2026-03-09T09:00:00Z,Y\n"
    b"RT-1001-1,1,RR-1,1,1001,,2,10,VASE,1,wrong_item,LAMP-1,2026-03-09T09:00:00Z,Y\n"
    b",,RR-2,,,1Z9,1,,GLUE,5.5,quarantine,,2026-03-09T09:00:00Z,Y\n"
)
RECEIPTS = (
    b"receipt,sequence,number,confirmation,order,line,order_line,sku,quantity,unit,condition,lot,expiry,received_at,final\n"
    b"RC-P1-1,1,GR-1,1,P00001,1,31,LAMP-1,38,,,,,2026-03-04T09:00:00Z,N\n"
    b"RC-P1-1,1,GR-1,1,P00001,2,31,LAMP-1,2,,damaged,,,2026-03-04T09:00:00Z,N\n"
    b",,GR-2,,P00002,1,,GLUE,5.5,KGM,good,G7,2027-06-30,2026-03-04T09:00:00Z,Y\n"
)
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
        super().__init__(
            WmsSftp(behaviour=Behaviour(pick_latency=None, receipt_latency=None, return_latency=None)), without=[Fault.THROTTLE]
        )


class TestWmsCsv(ConnectorConformance):
    connector = WmsCsvConnector
    system = "wms"
    options: ClassVar[Mapping[str, Any]] = {"username": USER, "host_keys": ["ssh-ed25519 AAAA"], "answer_wait": 0}
    secrets: ClassVar[Mapping[str, str]] = {"password": PASSWORD}
    patience = 1.0

    def target(self) -> Target:
        self._target = Sftp()
        return self._target

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        key = self._target.simulator.host_key_line  # type: ignore[attr-defined]
        options = {**self.options, "host_keys": [key], "timeout": int(self.patience)}
        return WmsCsvConnector(
            make_context(
                WmsCsvConnector, system=self.system, endpoint=endpoint, options=options, secrets=self.secrets, clock=clock
            )
        )

    def commands(self) -> Sequence[CommandSample]:
        async def released(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.warehouse.release(PLAIN, "earlier-command")
            return {}

        async def announced(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.warehouse.dock.expect(PLAIN_RECEIPT, "earlier-command")
            return {}

        async def awaited(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.warehouse.returns.expect(PLAIN_RETURN, "earlier-command")
            return {}

        return [
            CommandSample(
                "return.expect",
                {"expected_return": RETURN},
                effect_kind="return_expected",
                effect_key="RT-1001-1",
                path="/in/RETURN_*.csv",
                method="RENAME",
                ack=("warehouse_reference",),
            ),
            CommandSample(
                "return.cancel",
                {"return_number": "RT-1001-9", "reason": "the customer keeps it"},
                effect_kind="return_cancelled",
                effect_key="RT-1001-9",
                path="/in/KEPT_*.csv",
                method="RENAME",
                ack=("status",),
                prepare=awaited,
            ),
            CommandSample(
                "receipt.expect",
                {"expected_receipt": EXPECTED},
                effect_kind="receipt_expected",
                effect_key="RC-P1-1",
                path="/in/EXPECT_*.csv",
                method="RENAME",
                ack=("warehouse_reference",),
            ),
            CommandSample(
                "receipt.cancel",
                {"receipt_number": "RC-P1-9", "reason": "the supplier took it back"},
                effect_kind="receipt_cancelled",
                effect_key="RC-P1-9",
                path="/in/RECALL_*.csv",
                method="RENAME",
                ack=("status",),
                prepare=announced,
            ),
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
            MessageSample("receipts", RECEIPTS, ["receipt.completed", "receipt.completed"], "files", "text/csv"),
            MessageSample("returns", RETURNS, ["return.received", "return.received"], "files", "text/csv"),
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
            bench.simulator.warehouse.dock.expect(PLAIN_RECEIPT, "earlier-command")
            bench.simulator.warehouse.dock.receive("RC-P1-9")
            bench.simulator.warehouse.returns.expect(PLAIN_RETURN, "earlier-command")
            bench.simulator.warehouse.returns.receive("RT-1001-9")
            return {}

        return [PollSample("files", ("status", "picks", "receipts", "returns", "stock"), prepare=busy)]

    def snapshots(self) -> Sequence[SnapshotSample]:
        async def stocked(bench: Bench) -> Mapping[str, Any]:
            for number in range(25):
                bench.simulator.warehouse.count(f"SKU-{number}", number, tell=False)
            bench.simulator.count_stock()
            return {}

        return [SnapshotSample(25, prepare=stocked, path="/out/snapshots/*", method="OPEN")]
