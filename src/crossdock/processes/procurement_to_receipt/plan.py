"""A flow's settings, roles and calendars, resolved once per flow context, and which supplier an order goes to; knows no order."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.processes.frame.plan import Plan as FramePlan
from crossdock.processes.frame.plan import resolver
from crossdock.processes.frame.states import Json
from crossdock.processes.procurement_to_receipt.settings import Settings, Supplier


@dataclass(frozen=True, slots=True)
class Plan(FramePlan[Settings]):
    """What one flow says, and the suppliers it knows."""

    def supplier_of(self, order: Json) -> Supplier | None:
        """The supplier an order goes to; None when it is none of this flow's."""
        party = order["supplier"]
        named = {(one["scheme"], one["value"]) for one in party["identifiers"]}
        if party["vat"]:
            named.add(("vat", party["vat"]))
        for supplier in self.settings.suppliers:
            if not supplier.identifiers or any((one.scheme, one.value) in named for one in supplier.identifiers):
                return supplier
        return None

    def supplier(self, role: str) -> Supplier:
        """What is said of the supplier in this role; the first entry when the flow does not name it any more."""
        return next((one for one in self.settings.suppliers if one.role == role), self.settings.suppliers[0])


plan = resolver(Settings, Plan)
"""The plan of a flow context, made once."""
