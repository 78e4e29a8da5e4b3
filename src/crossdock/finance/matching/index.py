"""Where an item is found: by reference, number, account, name and amount, so that an entry looks at a few items and never at all."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from crossdock.finance.matching.items import OpenItem
from crossdock.finance.parties import account, words
from crossdock.finance.references import plain

SHORTEST: Final = 4
"""A number of fewer signs is not looked for in free text: it would be found everywhere."""
CROWD: Final = 50
"""More items than this behind one name, account or number tell nothing; an entry that leads to them is for a person."""
_TOKEN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]*")

Key = tuple[str, ...]


class Index:
    """Open items of all currencies and both directions; what is open of each is kept here and goes down as it is paid."""

    def __init__(self, items: Iterable[OpenItem]) -> None:
        self.items: Sequence[OpenItem] = tuple(items)
        self.left: list[Decimal] = [each.amount for each in self.items]
        self._by: dict[str, dict[Key, list[int]]] = {
            name: defaultdict(list) for name in ("reference", "number", "order", "end_to_end", "account", "paid", "named")
        }
        for place, item in enumerate(self.items):
            self._add(place, item)

    def _add(self, place: int, item: OpenItem) -> None:
        by, side = self._by, (item.currency, item.direction)
        for name, text in (("reference", item.reference), ("number", item.number), ("order", item.order_number)):
            if text:
                by[name][(*side, plain(text))].append(place)
        for text in item.also:
            by["number"][(*side, plain(text))].append(place)
        if item.end_to_end_id:
            by["end_to_end"][(*side, item.end_to_end_id)].append(place)
        amount = _said(item.amount)
        for each in item.ibans:
            number = account(each)
            by["account"][(*side, number)].append(place)
            by["paid"][(*side, number, amount)].append(place)
        for word in words(item.name):
            by["named"][(*side, word, amount)].append(place)

    def by(self, name: str, currency: str, direction: str, *key: str) -> Sequence[int]:
        """The places of items under a key."""
        return self._by[name].get((currency, direction, *key), ())

    def of_amount(self, name: str, currency: str, direction: str, key: str, amount: Decimal) -> Sequence[int]:
        """The places of items with exactly this amount under an account (`paid`) or a word of a name (`named`)."""
        return self._by[name].get((currency, direction, key, _said(amount)), ())

    def open(self, places: Iterable[int]) -> list[int]:
        """Those of the places that something is open of."""
        return [each for each in places if self.left[each] > 0]


def spoken(text: str) -> Iterable[str]:
    """What may be a number or a reference in free text, as it is compared: words, and neighbours a bank's line break tore apart."""
    parts = _TOKEN.findall(text)
    seen: dict[str, None] = {}
    for span in (1, 2, 3):
        for at in range(len(parts) - span + 1):
            found = plain("".join(parts[at : at + span]))
            if SHORTEST <= len(found) <= 40 and any(each.isdigit() for each in found):
                seen[found] = None
    return seen


def _said(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
