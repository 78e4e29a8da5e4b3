"""Channel `invoices`: customers' papers are told when they are made, posted, paid, cancelled, whoever did it, and never twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from odoo_world import World
from purchase_scenes import poll_all
from sale_scenes import DAY, delivery
from test_odoo_payments import payment

from crossdock.canonical.events import Event
from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.errors import SourceDeleted


def stored(message: Any) -> StoredMessage:
    return StoredMessage(
        "m", "odoo", "invoices", message.topic, message.body, message.content_type, message.headers, datetime.now(UTC)
    )


async def told(connector: OdooConnector, paper: str, cursor: Mapping[str, Any]) -> tuple[list[Event], Mapping[str, Any]]:
    """What a pass tells about one paper."""
    messages, cursor = await poll_all(connector, "invoices", cursor)
    mine = [message for message in messages if message.topic == "invoice" and f"account.move,{paper}," in message.dedupe_key]
    return [event for message in mine for event in connector.normalize(stored(message))], cursor


async def test_a_paper_from_draft_to_paid(world: World) -> None:
    sold = await delivery(world, ("4", "10"), ("2", "3"))
    connector = sold.connector
    _, cursor = await poll_all(connector, "invoices", {})
    wish = sold.request()
    made = (await sold.done(wish)).ack["invoice_id"]
    (created,), cursor = await told(connector, made, cursor)
    assert created.type == "customer_invoice.created" and created.data.state == "draft"  # type: ignore[union-attr]
    paper: Any = created.data
    assert (paper.wish, paper.number, paper.kind) == (wish.data["invoice_request"]["number"], "", "invoice")
    assert (paper.order_number, str(paper.amount.amount), str(paper.residual.amount)) == (sold.number, "46.00", "46.00")
    assert [(line.order_line, line.sku, str(line.net_amount.amount)) for line in paper.lines] == [
        ("1", sold.skus[0], "40.00"),
        ("2", sold.skus[1], "6.00"),
    ]
    assert [(each.scheme, each.value) for each in created.references] == [
        ("odoo:invoice_id", made),
        ("odoo:order_id", sold.sale.erp_id),
    ]
    await sold.done(sold.command("invoice.post", invoice_id=made, issue_date=DAY))
    (posted,), cursor = await told(connector, made, cursor)
    number = posted.data.number  # type: ignore[union-attr]
    assert posted.type == "customer_invoice.posted" and number
    assert ("invoice", number) in [(each.scheme, each.value) for each in posted.references]
    await sold.done(payment(sold, made, "6.00"))
    (partly,), cursor = await told(connector, made, cursor)
    assert partly.type == "customer_invoice.posted" and str(partly.data.residual.amount) == "40.00"  # type: ignore[union-attr]
    await sold.done(payment(sold, made, "40.00"))
    events, cursor = await told(connector, made, cursor)
    assert [event.type for event in events] == ["customer_invoice.posted", "customer_invoice.paid"]
    again, cursor = await told(connector, made, cursor)
    assert again == []


async def test_a_credit_note_names_what_it_takes_back(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    invoice = await sold.invoiced()
    _, cursor = await poll_all(sold.connector, "invoices", {})
    note = sold.request({"line": "1", "quantity": "1"}, name="credit_note.create", post=True, issue_date=DAY)
    made = (await sold.done(note)).ack["invoice_id"]
    events, cursor = await told(sold.connector, made, cursor)
    paper: Any = events[0].data
    assert (paper.kind, paper.reversed_number, str(paper.amount.amount)) == ("credit_note", invoice["invoice_number"], "10.00")
    assert [event.type for event in events] == ["customer_invoice.posted", "customer_invoice.paid"]  # the open invoice took it


async def test_what_people_do_is_told_too(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    values = {"advance_payment_method": "delivered", "sale_order_ids": [[6, 0, [int(sold.sale.erp_id)]]]}
    wizard = await world.call("sale.advance.payment.inv", "create", vals_list=[values])
    await world.call("sale.advance.payment.inv", "create_invoices", ids=wizard)
    (paper,) = await sold.papers()
    (created,), cursor = await told(sold.connector, str(paper["id"]), {})
    assert created.type == "customer_invoice.created" and created.data.wish == ""  # type: ignore[union-attr]
    await world.call("account.move", "button_cancel", ids=[paper["id"]])
    (cancelled,), cursor = await told(sold.connector, str(paper["id"]), cursor)
    assert cancelled.type == "customer_invoice.cancelled" and cancelled.data.state == "cancelled"  # type: ignore[union-attr]


async def test_a_posted_paper_that_is_a_draft_again_is_told_and_its_deletion_between_goes_to_a_person(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    made = (await sold.invoiced())["invoice_id"]
    connector = world.connector(deletions_every_minutes=1)
    _, cursor = await told(connector, made, {})
    await world.call("account.move", "button_draft", ids=[int(made)])
    await world.call("account.move", "unlink", ids=[int(made)])
    messages, _ = await poll_all(connector, "invoices", {**cursor, "checked": "2026-01-01 00:00:00"})
    (gone,) = [one for one in messages if one.topic == "deleted" and f",{made}," in one.dedupe_key]
    with pytest.raises(SourceDeleted):
        connector.normalize(stored(gone))
