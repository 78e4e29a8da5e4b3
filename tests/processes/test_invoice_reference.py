"""The reference page of invoices and freight names every slot, action, event, stage and expectation there is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from crossdock.processes.freight_to_bill import FreightToBill
from crossdock.processes.freight_to_bill import people as freight_people
from crossdock.processes.freight_to_bill.settings import Stage as FreightStage
from crossdock.processes.freight_to_bill.settled import ACTIONS as FREIGHT_ACTIONS
from crossdock.processes.invoice_collection import InvoiceCollection
from crossdock.processes.invoice_collection import people as collection_people
from crossdock.processes.invoice_collection.settings import Stage as CollectionStage
from crossdock.processes.invoice_collection.settled import ACTIONS as COLLECTION_ACTIONS
from crossdock.processes.shipment_to_invoice import ShipmentToInvoice, people
from crossdock.processes.shipment_to_invoice.settings import Stage
from crossdock.processes.shipment_to_invoice.settled import ACTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "reference", "shipment-to-invoice.md").read_text("utf-8")
ALL = [
    (ShipmentToInvoice, people, ACTIONS, get_args(Stage)),
    (FreightToBill, freight_people, FREIGHT_ACTIONS, get_args(FreightStage)),
    (InvoiceCollection, collection_people, COLLECTION_ACTIONS, get_args(CollectionStage)),
]


@pytest.mark.parametrize(("process", "persons", "ends", "expected"), ALL, ids=["invoice", "freight", "collection"])
def test_everything_is_described(
    process: type[ShipmentToInvoice | FreightToBill | InvoiceCollection],
    persons: ModuleType,
    ends: Mapping[str, tuple[str, ...]],
    expected: tuple[str, ...],
) -> None:
    source = "".join(path.read_text("utf-8") for path in Path(str(persons.__file__)).parent.glob("*.py"))
    slots = set(re.findall(r'w\.park\(\s*f?"([a-z_]+)', source)) | set(re.findall(r'slot\S* = f"([a-z_]+):', source))
    assert slots and slots <= {*persons._HANDLERS, *persons._ACKNOWLEDGED}
    for kind in (*persons._HANDLERS, *persons._ACKNOWLEDGED, *ends):
        assert f"`{kind}" in PAGE, kind
    actions = {action for found in ends.values() for action in found}
    for group in re.findall(r"fact\.action not in \{([^}]+)\}", source):
        actions |= set(re.findall(r'"([a-z_]+)"', group))
    for action in actions:
        assert f"`{action}`" in PAGE, action
    for event in process.accepts:
        assert f"`{event}`" in PAGE, event
    for stage in process.stages:
        assert re.search(rf"\| [a-z, ]*{stage}[a-z, ]* \|", PAGE), stage
    for stage in expected:
        assert re.search(rf"`{stage}(:<n>)?`", PAGE), stage
