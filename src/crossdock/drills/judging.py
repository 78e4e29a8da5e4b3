"""Holds what the simulated systems recorded against what the hub's ledger says is still on its way or with a person; reads neither."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crossdock.ledger.figures import OpenBusiness

if TYPE_CHECKING:
    from crossdock.simulators.town import Verdict


def undone(verdict: Verdict, business: OpenBusiness) -> list[str]:
    """Orders that neither arrived nor are with a person, returns whose customer has no money back, and purchase orders that are not received
    and billed."""
    people = {key.rpartition("/")[2] for key in business.excepted if key.startswith("purchase/")}
    sold = [order for order in verdict.undelivered if f"order/{order}" not in business.excepted]
    back = [f"return of {order}" for order in verdict.unreturned if f"order/{order}" not in business.excepted]
    return sold + back + [f"purchase {number}" for number in verdict.unbought if number not in people]


def unbilled(verdict: Verdict, business: OpenBusiness) -> dict[str, Decimal]:
    """Orders that arrived, are with nobody, and by how much their invoices are not what the customer owes."""
    return {order: apart for order, apart in verdict.owed.items() if f"order/{order}" not in business.excepted}


def with_people(business: OpenBusiness) -> int:
    """Business transactions somebody has to look at."""
    return sum(key.startswith(("order/", "purchase/")) for key in business.excepted)


def lost(verdict: Verdict, business: OpenBusiness) -> list[str]:
    """What is undone although nothing in the hub works on it any more."""
    running = {key.rpartition("/")[2] for key in business.running if key.startswith("purchase/")}
    return [
        name
        for name in undone(verdict, business)
        if (
            name.removeprefix("purchase ") not in running
            if name.startswith("purchase ")
            else f"order/{name.removeprefix('return of ')}" not in business.running
        )
    ]


def apart(verdict: Verdict, business: OpenBusiness) -> dict[str, Decimal]:
    """Orders that are with nobody, and by how much more or less went back to their customers than they are owed."""
    return {order: by for order, by in verdict.refunds_apart.items() if f"order/{order}" not in business.excepted}
