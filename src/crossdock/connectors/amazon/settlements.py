"""Settlement reports (flat file V2): which ones are new, and what a report says as a payout. Amazon makes them by itself.

A report's first row is its sum; each further row is one part of one movement. Every row becomes a line, so that the lines add up to the sum.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.payout import Payout
from crossdock.canonical.values import Money
from crossdock.connectors.amazon.api import SellingPartnerApi, listed
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.orders import stamp
from crossdock.connectors.document import Problems
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.core.errors import ContractBroken, PayloadMalformed, TargetUnavailable, Throttled

TOPIC: Final = "settlement"
REPORTS: Final = "/reports/2021-06-30"
KIND: Final = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
NEEDED: Final = ("settlement-id", "total-amount", "currency", "transaction-type", "amount-type", "amount-description", "amount")
MOST_BYTES: Final = 200_000_000
KINDS: Final = {"Order": "sale", "Refund": "refund", "Chargeback Refund": "chargeback", "A-to-z Guarantee Refund": "chargeback"}
DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{2})\.(\d{2})\.(\d{4})")


async def new_reports(api: SellingPartnerApi, options: AmazonOptions, cursor: Mapping[str, Any], now: datetime) -> PollResult:
    """The settlement reports made since the cursor. Cursor: `since`, `seen` (report ids), and on the way through pages `token`."""
    since = str(cursor.get("since") or stamp(now - timedelta(days=options.settlements_since_days)))
    token = str(cursor.get("token") or "")
    params = (
        {"nextToken": token}
        if token
        else {"reportTypes": KIND, "processingStatuses": "DONE", "createdSince": since, "pageSize": "10"}
    )
    page = await api.get("getReports", f"{REPORTS}/reports", params)
    seen: dict[str, str] = dict(cursor.get("seen", {}))
    messages: list[Inbound] = []
    for report in sorted(listed(page.get("reports")), key=lambda one: str(one.get("createdTime"))):
        identity, made = str(report.get("reportId")), str(report.get("createdTime"))
        if identity in seen:
            continue
        try:
            body = await _document(api, str(report.get("reportDocumentId")))
        except Throttled:
            if not messages:
                raise
            return PollResult(messages, {**cursor, "since": since, "seen": seen})  # what was read is kept, the rest comes later
        messages.append(Inbound(TOPIC, f"settlement/{identity}", body, "text/tab-separated-values", {"report": identity}))
        seen[identity] = made
    following = page.get("nextToken")
    if following:
        return PollResult(messages, {"since": since, "seen": seen, "token": str(following)}, more=True)
    # a report is listed a while after its time: the last days are looked at again
    newest = max([*seen.values(), since])
    after = max(since, stamp(_moment(newest) - timedelta(days=3)))
    return PollResult(messages, {"since": after, "seen": {one: made for one, made in seen.items() if made >= after}})


async def _document(api: SellingPartnerApi, document: str) -> bytes:
    told = await api.get("getReportDocument", f"{REPORTS}/documents/{document}")
    url = told.get("url")
    if not isinstance(url, str):
        raise ContractBroken("getReportDocument: the answer has no address")
    body = await api.download(url)
    if told.get("compressionAlgorithm") != "GZIP":
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            plain = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise TargetUnavailable("the report arrived damaged") from None
    if len(plain) > MOST_BYTES:
        raise ContractBroken("the report is larger than any settlement")
    return plain


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ContractBroken("a report whose createdTime is no time") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def payout_event(system: str, body: bytes, received_at: datetime) -> Event:
    """`payout.received` of one report. Raises `PayloadMalformed`, `SchemaInvalid` with every wrong row."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1252", "replace")
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise PayloadMalformed(f"a settlement report needs the columns {', '.join(missing)}", missing=missing)
    problems = Problems()
    head = next(rows, None)
    if head is None or not _text(head, "total-amount"):
        raise PayloadMalformed("the report's first row is not its sum")
    number, currency = _text(head, "settlement-id"), _text(head, "currency")
    total = _amount(head, "total-amount", 2, problems)
    lines = [
        line for place, row in enumerate(rows, 3) if (line := _line(row, place, number, currency, total, problems)) is not None
    ]
    payout = problems.build(
        Payout,
        "",
        number=number,
        provider="amazon",
        account=system,
        period_start=_day(_text(head, "settlement-start-date")),
        period_end=_day(_text(head, "settlement-end-date")),
        paid_on=_day(_text(head, "deposit-date")),
        currency=currency,
        lines=tuple(lines),
        total={"amount": total, "currency": currency},
        statement_reference=number,
    )
    if problems.found or payout is None:
        raise problems.refusal(f"settlement {number}")
    return Event(
        id=f"{system}/settlement/{number}",
        type="payout.received",
        source=system,
        key=f"payout/{system}/{number}",
        data=payout,
        occurred_at=received_at,
        references=(Reference(f"{system}:payout", number),),
    )


def _line(
    row: Mapping[str, Any], place: int, number: str, currency: str, total: Decimal, problems: Problems
) -> dict[str, Any] | None:
    if _text(row, "settlement-id") not in ("", number):
        problems.add(f"row {place}.settlement-id", f"is of another settlement than {number}")
    stated = _text(row, "currency")
    if stated not in ("", currency):
        problems.add(f"row {place}.currency", f"is not the settlement's {currency}")
    amount = _amount(row, "amount", place, problems)
    if not amount:
        return None
    if _text(row, "transaction-type") == "Transfer" and amount == -total:
        return None  # the payment itself, which the first row states
    movement, family, what = (_text(row, name) for name in ("transaction-type", "amount-type", "amount-description"))
    posted = _text(row, "posted-date-time") or _text(row, "posted-date")
    return {
        "reference": "/".join(filter(None, (_text(row, "adjustment-id"), _text(row, "order-item-code"))))[:200] or f"row {place}",
        "kind": kind_of(movement, family, what),
        "order_number": _text(row, "order-id"),
        "amount": Money(amount=amount, currency=currency) if re.fullmatch("[A-Z]{3}", currency) else None,
        "at": _posted(posted),
        "description": " / ".join(filter(None, (movement, family, what, _text(row, "sku")))),
    }


def kind_of(movement: str, family: str, what: str) -> str:
    """What kind of movement a row is, by its transaction, the family of its amount and its description."""
    said = f"{movement} {family} {what}".lower()
    if "reserve" in said:
        return "reserve"
    if "chargeback" in said or "a-to-z" in said:
        return "chargeback"
    if family in ("ItemFees", "ItemFee") or movement == "ServiceFee" or said.rstrip().endswith("fee"):
        return "fee"
    if family == "ItemWithheldTax" or "tax" in what.lower():
        return "tax"
    if movement in KINDS:
        return KINDS[movement]
    return "adjustment" if "adjust" in said or "reimburse" in said else "other"


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _amount(row: Mapping[str, Any], name: str, place: int, problems: Problems) -> Decimal:
    """An exact amount; European accounts write a comma before the cents."""
    text = _text(row, name)
    plain = text.replace(".", "").replace(",", ".") if re.fullmatch(r"-?[\d.]*,\d{1,2}", text) else text.replace(",", "")
    try:
        found = Decimal(plain)
    except InvalidOperation:
        problems.add(f"row {place}.{name}", "is no amount" if text else "is missing")
        return Decimal(0)
    if not found.is_finite() or not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", plain):
        problems.add(f"row {place}.{name}", "is no amount of this size")
        return Decimal(0)
    return found


def _day(text: str) -> date | None:
    found = DAY.match(text)
    if found is None:
        return None
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _posted(text: str) -> datetime | None:
    """When a movement was posted; a day alone is its beginning, UTC."""
    try:
        found = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        day = _day(text)
        if day is None:
            return None
        clock = re.search(r"(\d{2}):(\d{2}):(\d{2})", text)
        hour, minute, second = (int(part) for part in clock.groups()) if clock else (0, 0, 0)
        found = datetime(day.year, day.month, day.day, hour % 24, minute % 60, second % 60, tzinfo=UTC)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
