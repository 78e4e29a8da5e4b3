"""What is at stake in an exception: the money of its order, and the names in a message nobody could read; reads payloads, judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, Final

import orjson

from crossdock.canonical.codes import CURRENCIES, MINOR_UNITS
from crossdock.ledger.papers import Paper, glance
from crossdock.ledger.payloads import Damaged, decode, unpack
from crossdock.ledger.session import Row, Session

LARGEST: Final = 262_144
"""Bodies above this size are not searched for names."""
_MOST: Final = 2**62
_NAMED: Final = frozenset(
    {
        "number", "ordernumber", "orderno", "orderid", "ordername", "order", "reference", "referenceno", "ref", "documentnumber",
        "docno", "invoicenumber", "trackingnumber", "waybill", "awb", "externalid", "fulfilmentnumber", "fulfillmentnumber",
        "shipmentnumber", "ponumber", "purchaseorder", "purchaseordernumber", "name", "id",
    }
)  # fmt: skip
_OUTSIDE_ONLY: Final = frozenset({"name", "id"})
"""Deeper down these name customers and lines."""
_TOTALS: Final = (
    "total", "totalprice", "totalamount", "grandtotal", "amounttotal", "currenttotalpriceset", "totalpriceset", "amount",
)  # fmt: skip
_CURRENCIES: Final = ("currency", "currencycode", "presentmentcurrency")
_NAMES_KEPT: Final = 12


@dataclass(slots=True)
class Stake:
    """Money in minor units of its currency, None when unknown; names found in the message."""

    amount: int | None = None
    currency: str = ""
    names: list[str] = field(default_factory=list)


def exception_identity(subject: str, subject_id: int, slot: str = "", key: str = "") -> bytes:
    """The identity under which a subject has at most one exception: failing again updates it."""
    return blake2b(f"{subject}\0{subject_id}\0{slot}\0{key}".encode(), digest_size=16).digest()


def minor_units(amount: object, currency: object) -> int | None:
    """An amount as a whole number of its currency's minor units (ISO 4217); None when it is no amount, or beyond what is counted."""
    if not isinstance(currency, str) or currency not in CURRENCIES or isinstance(amount, bool | float) or amount is None:
        return None
    try:
        value = Decimal(str(amount)).scaleb(MINOR_UNITS.get(currency, 2)).quantize(Decimal(1), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return int(value) if value.is_finite() and abs(value) < _MOST else None


def major_units(minor: int, currency: str) -> Decimal:
    """Minor units as an amount of the currency."""
    return Decimal(minor).scaleb(-MINOR_UNITS.get(currency, 2))


def stakes(session: Session, keys: Iterable[str], messages: Iterable[int]) -> tuple[dict[str, Stake], dict[int, Stake]]:
    """What is at stake for business keys (the total of their newest order) and for messages that were not understood."""
    return _of_keys(session, sorted(set(keys))), _of_messages(session, sorted(set(messages)))


def _of_keys(session: Session, keys: Sequence[str]) -> dict[str, Stake]:
    found: dict[str, Stake] = {}
    rows = session.rows_in(
        "SELECT key, data FROM ledger_event WHERE type IN ('order.placed','order.changed','purchase_order.confirmed',"
        "'purchase_order.changed') AND key {in} ORDER BY id",
        keys,
    )
    newest = {key: data for key, data in rows if len(data)}
    for key, data in newest.items():
        try:
            total = orjson.loads(unpack(data)).get("total")
        except (Damaged, orjson.JSONDecodeError):
            continue
        if isinstance(total, dict):
            currency = total.get("currency")
            amount = minor_units(total.get("amount"), currency)
            if amount is not None:
                found[key] = Stake(amount, str(currency))
    return found


def _of_messages(session: Session, ids: Sequence[int]) -> dict[int, Stake]:
    rows = session.rows_in(
        f"SELECT id, encoding, body FROM ledger_message WHERE body IS NOT NULL AND size<={LARGEST} AND id {{in}}", ids
    )
    return {number: read_stake(encoding, body) for number, encoding, body in rows}


def read_stake(encoding: int, body: bytes) -> Stake:
    """Names and total of a JSON document of unknown shape, as far as its outermost two levels say them, or of a business paper (X12,
    EDIFACT, UBL); anything else has none.
    """
    stake = Stake()
    try:
        received = decode(encoding, body)
        paper = glance(received)
        if paper is not None:
            return _of_paper(paper)
        document = json.loads(received, parse_float=Decimal)
    except (Damaged, ValueError, RecursionError):
        return stake
    if isinstance(document, dict):
        _walk(document, stake, 0)
    return stake


def _of_paper(paper: Paper) -> Stake:
    stake = Stake()
    for name in paper.names:
        if len(stake.names) < _NAMES_KEPT:
            _name(name, stake)
    amount = minor_units(paper.amount, paper.currency) if paper.amount is not None else None
    if amount is not None:
        stake.amount, stake.currency = amount, paper.currency
    return stake


def _walk(document: Mapping[str, Any], stake: Stake, depth: int) -> None:
    flat = {name.replace("_", "").replace("-", "").casefold(): value for name, value in list(document.items())[:200]}
    for name, value in flat.items():
        if name in _NAMED and (depth == 0 or name not in _OUTSIDE_ONLY) and len(stake.names) < _NAMES_KEPT:
            _name(value, stake)
    if stake.amount is None:
        _total(flat, stake)
    if depth < 2:
        for name, value in flat.items():
            if isinstance(value, dict) and name not in ("customer", "shipto", "billto", "shipping", "billing"):
                _walk(value, stake, depth + 1)


def _name(value: object, stake: Stake) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return
    text = str(value).strip()
    for each in (text, text.lstrip("#")):
        if 2 < len(each) <= 64 and each not in stake.names:
            stake.names.append(each)


def _total(flat: Mapping[str, Any], stake: Stake) -> None:
    currency = next((flat[name] for name in _CURRENCIES if isinstance(flat.get(name), str)), None)
    for name in _TOTALS:
        value = flat.get(name)
        stated = currency
        while isinstance(value, dict):  # `{"amount": "9.50", "currency": "EUR"}`, alone or as one money of several
            stated = next((value[each] for each in ("currency", "currencyCode") if isinstance(value.get(each), str)), stated)
            value = value.get("amount", value.get("shopMoney", value.get("shop_money")))
        if isinstance(value, str | int | Decimal):
            amount = minor_units(value, stated)
            if amount is not None:
                stake.amount, stake.currency = amount, str(stated)
                return


def with_stakes(session: Session, rows: Sequence[Row], numbers: Mapping[str, int]) -> tuple[list[Row], list[Row]]:
    """Exception rows with amount and currency at their end, and the names of messages among them: (id, value, message_id).

    `numbers` says where a row holds `key`, `subject` and `subject_id`.
    """
    at_key, at_subject, at_number = (numbers[name] for name in ("key", "subject", "subject_id"))
    by_key, by_message = stakes(
        session,
        (row[at_key] for row in rows if row[at_key]),
        (row[at_number] for row in rows if row[at_subject] == "message"),
    )
    nothing, staked, names = Stake(), [], []
    for row in rows:
        stake = by_key.get(row[at_key], nothing) if row[at_key] else nothing
        if row[at_subject] == "message":
            said = by_message.get(row[at_number], nothing)
            stake = stake if stake.amount is not None else said
            names += [(_number(row[at_number], value), value, row[at_number]) for value in said.names]
        staked.append((*row, stake.amount, stake.currency))
    return staked, names


def _number(message: int, value: str) -> int:
    """The number of a name's record, the same whenever it is found again."""
    return int.from_bytes(blake2b(f"{message}\0{value}".encode(), digest_size=8).digest()) >> 1
