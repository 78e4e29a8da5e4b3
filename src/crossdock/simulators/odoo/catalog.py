"""The list of all simulated models."""

from __future__ import annotations

from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models import (
    account,
    account_setup,
    automations,
    base,
    delivery,
    messages,
    moves,
    payment,
    pickings,
    places_of_stock,
    product,
    purchase,
    quants,
    sale,
)

MODELS: list[type[Model]] = [
    cls
    for part in (
        base,
        account_setup,
        product,
        places_of_stock,
        quants,
        moves,
        pickings,
        delivery,
        sale,
        purchase,
        account,
        payment,
        automations,
        messages,
    )
    for cls in part.MODELS
]
