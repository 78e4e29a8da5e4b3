"""What Adyen tells: signatures of items, batches, every way of telling once, samples of others, settlement reports to the cent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from adyen_bench import connector, running
from hypothesis import given
from hypothesis import strategies as st
from test_adyen_conformance import REPORT

from crossdock.canonical.checks import problems
from crossdock.canonical.values import Money
from crossdock.connectors.adyen.amounts import digits, minor
from crossdock.connectors.adyen.signature import sign, signed_text, verify
from crossdock.connectors.minor_units import from_minor
from crossdock.connectors.protocol import Inbound, InboundRequest
from crossdock.core.errors import (
    CrossdockError,
    DocumentUnknown,
    LedgerUnavailable,
    PayloadMalformed,
    PaymentStateRefused,
    SchemaInvalid,
    SignatureInvalid,
    Unauthenticated,
)
from crossdock.simulators.adyen import Adyen
from crossdock.simulators.faults import Fault
from tests.connectors.gateway_scenes import Hub, arrived, events_of, samples

ACCOUNT = Adyen(merchant="YOUR_MERCHANT_ACCOUNT")
ONE = connector(ACCOUNT)
KEYS = st.binary(min_size=1, max_size=64).map(lambda key: key.hex().upper())
TEXTS = st.text(max_size=20)
ITEMS = st.fixed_dictionaries(
    {
        "pspReference": TEXTS,
        "originalReference": TEXTS,
        "merchantAccountCode": TEXTS,
        "merchantReference": TEXTS,
        "amount": st.fixed_dictionaries({"value": st.integers(0, 10**12), "currency": TEXTS}),
        "eventCode": TEXTS,
        "success": st.sampled_from(["true", "false"]),
    }
)


def posted(items: list[Any], *, sender: bool = True, key: str = "", live: str = "false") -> tuple[dict[str, str], bytes]:
    """A standard notification: its items signed with `key` (empty: the account's; None in an item's place: as it is)."""
    signed = []
    for one in items:
        proof = sign(key or ACCOUNT.hmac_key, signed_text(one).encode())
        signed.append({**one, "additionalData": {**one.get("additionalData", {}), "hmacSignature": proof}})
    return sealed(signed, sender=sender, live=live)


def sealed(items: list[Any], *, sender: bool = True, live: str = "false") -> tuple[dict[str, str], bytes]:
    body = json.dumps({"live": live, "notificationItems": [{"NotificationRequestItem": one} for one in items]}).encode()
    pair = base64.b64encode(f"{ACCOUNT.user}:{ACCOUNT.password}".encode()).decode()
    return ({"authorization": f"Basic {pair}"} if sender else {}), body


def item(**changes: Any) -> dict[str, Any]:
    return {
        "amount": {"currency": "EUR", "value": 4200},
        "eventCode": "AUTHORISATION",
        "eventDate": "2026-03-04T10:00:00+01:00",
        "merchantAccountCode": "YOUR_MERCHANT_ACCOUNT",
        "merchantReference": "1001",
        "paymentMethod": "visa",
        "pspReference": "QFQTPCQ8HXSKGK82",
        "reason": "",
        "success": "true",
        **changes,
    }


# Signatures ---------------------------------------------------------------------------------------------------


def test_the_signature_of_adyens_own_example() -> None:
    """The vector Adyen publishes with its libraries."""
    example = item(
        pspReference="7914073381342284",
        merchantAccountCode="TestMerchant",
        merchantReference="TestPayment-1407325143704",
        amount={"currency": "EUR", "value": 1130},
    )
    assert signed_text(example) == "7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true"
    key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
    assert sign(key, signed_text(example).encode()) == "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="


@given(KEYS, KEYS, ITEMS)
def test_a_signature_holds_under_its_key_and_no_other(key: str, other: str, value: dict[str, Any]) -> None:
    text = signed_text(value).encode()
    verify(sign(key, text), [other, key], text, "the item")
    padded = {bytes.fromhex(one).rstrip(b"\0") for one in (key, other)}  # HMAC pads keys with zeros (RFC 2104)
    if len(padded) == 2:
        with pytest.raises(SignatureInvalid):
            verify(sign(key, text), [other], text, "the item")


@given(
    KEYS,
    ITEMS,
    st.sampled_from(["pspReference", "originalReference", "merchantReference", "eventCode"]),
    st.text(min_size=1, max_size=5),
)
def test_a_changed_field_breaks_the_signature(key: str, value: dict[str, Any], field: str, more: str) -> None:
    given_proof = sign(key, signed_text(value).encode())
    changed = signed_text({**value, field: value[field] + more})
    with pytest.raises(SignatureInvalid):
        verify(given_proof, [key], changed.encode(), "the item")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"currency": "EUR", "value": 4300}},
        {"success": "false"},
        {"eventCode": "CAPTURE"},
        {"merchantReference": "1002"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_item_changed_on_the_way_is_refused_with_its_whole_batch(change: dict[str, Any]) -> None:
    headers, body = posted([item(pspReference="FIRST"), item()])
    value = json.loads(body)
    value["notificationItems"][1]["NotificationRequestItem"] |= change
    with pytest.raises(SignatureInvalid):
        arrived(ONE, headers, json.dumps(value).encode())


def test_who_may_send() -> None:
    headers, body = posted([item()])
    assert [one.topic for one in arrived(ONE, headers, body)] == ["AUTHORISATION"]
    unsigned = sealed([item()])
    for refused, error in [
        (posted([item()], sender=False), Unauthenticated),
        (({"authorization": "Basic !"}, body), Unauthenticated),
        (({"authorization": headers["authorization"][:-4]}, body), Unauthenticated),
        (unsigned, Unauthenticated),
        (posted([item()], key="00FF"), SignatureInvalid),
        (posted([item(merchantAccountCode="AnotherShop")]), Unauthenticated),
        (posted([]), PayloadMalformed),
        (sealed([None]), PayloadMalformed),
    ]:
        with pytest.raises(error):
            arrived(ONE, *refused)
    production = connector(ACCOUNT, live=True)
    with pytest.raises(Unauthenticated, match="test platform"):
        arrived(production, headers, body)
    assert arrived(production, *posted([item()], live="true"))


# Amounts ------------------------------------------------------------------------------------------------------


@given(st.sampled_from(["EUR", "JPY", "KWD", "BHD", "CLP", "CVE", "IDR", "ISK", "UGX"]), st.integers(-(10**17), 10**17))
def test_amounts_go_there_and_back_without_loss(currency: str, units: int) -> None:
    assert minor(from_minor(units, currency, digits(currency))) == units


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [
        ("EUR", "10.00", 1000),
        ("JPY", "500", 500),
        ("KWD", "5.124", 5124),
        ("CLP", "10", 1000),
        ("CVE", "10", 10),
        ("IDR", "10", 10),
        ("ISK", "10", 1000),
    ],
)
def test_where_adyen_differs_from_iso_4217(currency: str, amount: str, units: int) -> None:
    assert minor(Money(amount=Decimal(amount), currency=currency)) == units


# Notifications --------------------------------------------------------------------------------------------------


async def test_a_payment_is_told_from_the_authorisation_to_the_chargeback() -> None:
    account = Adyen(batch=3)
    async with running(account) as one, Hub(one).listening(account) as hub:
        psp = account.take_payment("1001", 4200, capture=False).psp
        account.store.modify("captures", psp, 4000, "EUR", "xd:cmd-1", "")
        refund = account.store.modify("refunds", psp, 1000, "EUR", "xd:cmd-2", "").psp
        account.store.bounce(refund)
        account.store.modify("refunds", psp, 9000, "EUR", "by hand", "")
        account.take_payment("1002", 900, refused="Not enough balance")
        free = account.take_payment("1003", 700, capture=False).psp
        account.store.modify("cancels", free, None, None, "xd:cmd-3", "")
        lost = account.store.dispute(psp)
        account.store.close_dispute(psp, lost, won=True)
        account.settle()
        account.flush()
        await account.webhooks.drained()
        assert hub.refused == []
        assert account.webhooks.counts["delivered"] < len(hub.messages)  # several items in one webhook
        [captured] = hub.of("payment.captured")
        assert (captured.payment, captured.own_reference, str(captured.amount.amount), captured.method) == (
            psp,
            "cmd-1",
            "40.00",
            "visa",
        )
        first, second = hub.of("payment.authorized")
        assert (first.order_number, first.payment, second.order_number) == ("1001", psp, "1003")
        assert [one.reason for one in hub.of("payment.failed")] == ["Not enough balance"]
        assert [one.payment for one in hub.of("payment.cancelled")] == [free]
        [done] = hub.of("refund.completed")
        bounced, above = hub.of("refund.failed")
        assert (done.reference, done.own_reference, done.payment_reference) == (refund, "cmd-2", psp)
        assert (bounced.reference, bounced.reason_code) == (refund, "refund_failed")
        assert (above.own_reference, above.reason) == ("", "Insufficient balance on payment")
        [opened], [closed] = hub.of("chargeback.opened"), hub.of("chargeback.closed")
        assert (opened.reference, opened.payment_reference, opened.reason_code) == (lost, psp, "10.4")
        assert closed.outcome == "won"
        refunded = next(event for event in hub.told if event.type == "refund.completed")
        assert [(one.scheme, one.value) for one in refunded.references] == [("payment:adyen", psp), ("refund:adyen", refund)]


async def test_told_twice_or_late_each_fact_is_one_event_and_the_answer_is_accepted() -> None:
    account = Adyen()
    async with running(account) as one, Hub(one).listening(account) as hub:
        account.faults.script(Fault.DUPLICATE, path="*", count=3)
        account.faults.reorder_delay = 0.01
        account.faults.script(Fault.REORDER, path="AUTHORISATION")
        hub.down = 2
        psp = account.take_payment("1001", 4200, capture=False).psp
        account.store.modify("captures", psp, 4200, "EUR", "xd:c", "")
        account.store.modify("refunds", psp, 100, "EUR", "xd:r", "")
        await account.webhooks.drained()
        assert sorted(event.type for event in hub.events.values()) == [
            "payment.authorized",
            "payment.captured",
            "refund.completed",
        ]
        assert account.webhooks.counts["refused"] >= 2


def test_the_answer_is_accepted_only_for_what_was_stored() -> None:
    headers, body = posted([item()])
    asked = InboundRequest("webhook", headers, body, datetime.now(UTC))
    messages = ONE.receive(asked)
    for known in ("new", "duplicate", "conflict"):
        reply = ONE.reply(asked, messages, [known])  # type: ignore[list-item]
        assert reply is not None
        assert (reply.status, reply.body) == (200, b"[accepted]")
    assert ONE.reply(asked, (), SignatureInvalid()) is None
    assert ONE.reply(asked, (), LedgerUnavailable()) is None


def test_a_cancellation_that_failed_is_for_a_person() -> None:
    value = item(eventCode="CANCELLATION", success="false", originalReference="PAID", reason="Transaction cannot be cancelled")
    with pytest.raises(PaymentStateRefused, match="of payment PAID failed: Transaction cannot be cancelled"):
        events_of(ONE, Inbound("CANCELLATION", "x", json.dumps(value).encode()))


def test_where_the_account_captures_by_itself_the_authorisation_is_a_capture() -> None:
    one = connector(ACCOUNT, capture="automatic")
    authorised, captured = events_of(one, Inbound("AUTHORISATION", "x", json.dumps(item()).encode()))
    assert (authorised.type, captured.type) == ("payment.authorized", "payment.captured")
    assert authorised.id != captured.id
    assert (captured.data.order_number, captured.data.payment) == ("1001", "QFQTPCQ8HXSKGK82")  # type: ignore[attr-defined]


# Settlement reports ---------------------------------------------------------------------------------------------


async def test_a_settlement_is_split_to_orders_refunds_chargebacks_and_fees_to_the_cent() -> None:
    account = Adyen()
    async with running(account) as one:
        payments = [account.take_payment(str(number), 1000 + number).psp for number in range(50)]
        account.store.modify("refunds", payments[3], 500, "EUR", "xd:r", "")
        account.store.dispute(payments[5])
        account.settle()
        account.take_payment("later", 99)
        result = await one.poll("settlements", {})
        [event] = events_of(one, result.messages[0])
        found: Any = event.data
        assert problems(found) == []
        kinds: dict[str, Decimal] = {}
        for line in found.lines:
            kinds[line.kind] = kinds.get(line.kind, Decimal(0)) + line.amount.amount
        assert kinds["sale"] == Decimal(sum(range(1000, 1050))) / 100
        assert kinds["refund"] == Decimal("-5.00")
        assert kinds["chargeback"] == Decimal("-10.05")
        assert sum(kinds.values()) == found.total.amount > 0
        sale = next(line for line in found.lines if line.kind == "sale" and line.order_number == "7")
        assert (str(sale.amount.amount), sale.payment_reference) == ("10.07", payments[7])
        assert found.statement_reference.startswith("TX0000000001XT")
        nothing = await one.poll("settlements", result.cursor)
        assert (nothing.messages, nothing.cursor, nothing.more) == ((), {"batch": 2}, False)


def report(text: str) -> list[Any]:
    one = connector(Adyen())
    return [event.data for event in events_of(one, Inbound("report/settlement", "x", text.encode(), "text/csv"))]


def test_a_report_in_another_currency_keeps_what_the_customer_paid() -> None:
    text = REPORT.replace("Settled,MOD1,EUR,,42.00,1", "Settled,MOD1,USD,,46.00,0.913")
    [found] = report(text)
    sale = found.lines[0]
    assert (str(sale.amount.amount), str(sale.original.amount), sale.original.currency, str(sale.exchange_rate)) == (
        "42.00",
        "46.00",
        "USD",
        "0.913",
    )


def test_a_batch_that_paid_nothing_out_says_what_was_kept() -> None:
    text = "".join(REPORT.splitlines(keepends=True)[:2])
    text += "HarbourPineECOM,,,2026-03-05 10:00:00,Balancetransfer,,,,,,EUR,41.50,,,,,,7\n"
    [found] = report(text)
    assert found.total.amount == 0
    assert [line.kind for line in found.lines] == ["sale", "fee", "other"]
    assert problems(found) == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text[:-1], PayloadMalformed),
        (lambda text: text[: len(text) // 2], PayloadMalformed),
        (lambda text: text.replace("Net Credit (NC)", "Net"), PayloadMalformed),
        (lambda text: text.replace("41.50,0.30", "41,50,0.30"), PayloadMalformed),
        (lambda text: text.replace("41.50,0.30", "4l.50,0.30"), SchemaInvalid),
        (lambda text: text.replace("HarbourPineECOM,Q", "AnotherECOM,Q"), SchemaInvalid),
        (lambda text: text.replace("0.10,0.10,7", "0.10,0.10,8"), SchemaInvalid),
        (lambda _text: "<html>sign in</html>\n", PayloadMalformed),
        (lambda _text: "", PayloadMalformed),
    ],
)
def test_a_report_that_is_none_or_not_whole_is_refused(change: Callable[[str], str], error: type[CrossdockError]) -> None:
    with pytest.raises(error):
        report(change(REPORT))


def test_a_row_that_is_missing_is_found_by_the_sum() -> None:
    lines = REPORT.splitlines(keepends=True)
    [found] = report("".join([lines[0], lines[2]]) + lines[1].replace("41.50", "40.50"))
    assert [problem.code for problem in problems(found)] == ["payout.unbalanced"]


@given(st.text(max_size=300))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises((PayloadMalformed, SchemaInvalid, UnicodeEncodeError)):
        report(text)


# Samples of others --------------------------------------------------------------------------------------------

SAMPLES = samples("adyen")


def fate(act: Callable[[], Any]) -> str:
    """What became of a sample: the events, or the code of its refusal, which must say why."""
    try:
        return " ".join(event.type for event in act()) or "ignored"
    except CrossdockError as error:
        refusal = error.as_dict()
        json.dumps(refusal)
        assert refusal["message"]
        return str(refusal["code"])


@pytest.mark.skipif(not SAMPLES, reason="no sample corpus (CROSSDOCK_CORPUS)")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_by_others_become_events_or_are_refused_with_a_reason(path: Path) -> None:
    """As they came they are not signed by this account's key; signed anew, each meets what its kind deserves."""
    body = path.read_bytes()
    value = json.loads(body)
    bare = {"authorization": posted([item()])[0]["authorization"]}
    assert fate(lambda: arrived(ONE, bare, body)) in ("receive.unauthenticated", "receive.signature_invalid")
    if "notificationItems" in value:
        items = [one["NotificationRequestItem"] for one in value["notificationItems"]]
        one = connector(Adyen(merchant=items[0]["merchantAccountCode"]))
        headers, body = posted(items)
        [event] = [event for message in arrived(one, headers, body) for event in events_of(one, message)]
        expected = {"cancellation-true": "payment.cancelled", "capture-false": "payment.failed", "refund-false": "refund.failed"}
        assert event.type == expected[path.stem]
        return
    headers = {**bare, "hmacsignature": sign(ACCOUNT.hmac_key, body)}
    met = fate(lambda: [event for message in arrived(ONE, headers, body) for event in events_of(ONE, message)])
    assert met == ("ignored" if "type" in value else "normalize.unknown_document")


def test_a_standard_notification_of_an_unknown_code_is_refused() -> None:
    with pytest.raises(DocumentUnknown, match="BRAND_NEW_CODE"):
        events_of(ONE, Inbound("BRAND_NEW_CODE", "x", json.dumps(item(eventCode="BRAND_NEW_CODE")).encode()))
