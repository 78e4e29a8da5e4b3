"""The list of all simulated models."""

from __future__ import annotations

from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models import (
    account,
    account_items,
    account_setup,
    account_wizards,
    automations,
    base,
    delivery,
    external_ids,
    landed,
    messages,
    move_lines,
    moves,
    payment,
    picking_wizards,
    pickings,
    places_of_stock,
    product,
    purchase,
    purchase_lines,
    quants,
    sale,
    sale_lines,
    supplier_prices,
    users,
)

MODELS: list[type[Model]] = [
    cls
    for part in (
        base,
        users,
        external_ids,
        account_setup,
        product,
        places_of_stock,
        quants,
        moves,
        move_lines,
        pickings,
        picking_wizards,
        delivery,
        sale,
        sale_lines,
        supplier_prices,
        purchase,
        purchase_lines,
        account,
        account_items,
        account_wizards,
        payment,
        landed,
        automations,
        messages,
    )
    for cls in part.MODELS
]
