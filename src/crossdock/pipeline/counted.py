"""Messages of counted stock that differs from the books: what a comparison tells the pipeline; compares nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import orjson

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.inventory import InventoryLevel
from crossdock.canonical.values import Quantity
from crossdock.ledger.times import moment
from crossdock.ledger.work import TakenMessage
from crossdock.processes.inventory_snapshot import COUNT

COUNTED: Final = "crossdock.counted"
"""Topic of a message that holds one chunk of differences."""


def counted_events(message: TakenMessage) -> list[Event]:
    """The `stock.counted` events of one chunk; the same chunk gives the same events."""
    content = orjson.loads(message.body)
    at = moment(content["counted_at"])
    origin = Reference(COUNT, f"{content['flow']}/{content['run']}/{content['chunk']}")
    return [
        Event(
            id=f"{message.system}/count/{content['run']}/{sku}/{location}/{lot}",
            type="stock.counted",
            source=message.system,
            key=f"stock/{message.system}/{sku}",
            data=InventoryLevel(
                sku=sku,
                location=location,
                lot=lot,
                on_hand=Quantity(value=Decimal(counted)),
                book=Quantity(value=Decimal(book)),
                counted_at=at,
            ),
            occurred_at=at,
            references=(origin,),
        )
        for sku, location, lot, counted, book in content["lines"]
    ]
