"""The tab: what the hub says is shown, and its silence slows nobody down."""

from unittest.mock import patch

import requests

from odoo.addons.crossdock_outbox.models import status
from odoo.tests import TransactionCase, tagged

HIT = {"key": "order/shop/<1>", "flow": "order-to-fulfilment", "stage": "picking", "finished": False, "updated_at": "2026-11-24T08:00:00Z"}


class Answer:
    def __init__(self, hits):
        self.hits = hits

    def raise_for_status(self):
        pass

    def json(self):
        return self.hits


@tagged("post_install", "-at_install")
class TestStatus(TransactionCase):
    def setUp(self):
        super().setUp()
        status._silent_until.clear()
        self.order = self.env["sale.order"].create({"partner_id": self.env["res.partner"].create({"name": "C"}).id, "client_order_ref": "SHOP-1"})

    def _connect(self):
        self.env["ir.config_parameter"].set_param("crossdock.url", "https://hub.example.com/")
        self.env["ir.config_parameter"].set_param("crossdock.key", "k-1")
        self.env.invalidate_all()

    def test_without_a_hub_there_is_no_tab_and_nothing_is_asked(self):
        with patch.object(requests, "get") as get:
            self.assertFalse(self.order.crossdock_connected)
            self.assertFalse(self.order.crossdock_status)
        get.assert_not_called()

    def test_the_hubs_view_is_shown_and_escaped(self):
        self._connect()
        with patch.object(requests, "get", return_value=Answer([HIT])) as get:
            shown = self.order.crossdock_status
        self.assertIn("picking", shown)
        self.assertIn("order/shop/&lt;1&gt;", shown)
        self.assertIn("https://hub.example.com/transactions/order%2Fshop%2F%3C1%3E", shown)
        (url,), asked = get.call_args
        self.assertEqual(url, "https://hub.example.com/api/transactions/")
        self.assertEqual((asked["params"], asked["headers"]), ({"q": "SHOP-1"}, {"Authorization": "Bearer k-1"}))
        self.assertEqual((asked["timeout"], asked["allow_redirects"]), (2, False))

    def test_a_hub_that_is_silent_is_not_asked_again_at_once(self):
        self._connect()
        with patch.object(requests, "get", side_effect=requests.ConnectTimeout) as get:
            first = self.order.crossdock_status
            self.order.invalidate_recordset()
            again = self.order.crossdock_status
        self.assertIn("cannot be reached", first)
        self.assertIn("cannot be reached", again)
        self.assertEqual(get.call_count, 1)

    def test_a_list_asks_nothing(self):
        self._connect()
        with patch.object(requests, "get") as get:
            (self.order | self.order.copy()).mapped("crossdock_status")
        get.assert_not_called()

    def test_each_kind_of_document_has_its_tab(self):
        for model, view in (("sale.order", "sale.view_order_form"), ("stock.picking", "stock.view_picking_form"),
                            ("purchase.order", "purchase.purchase_order_form"), ("account.move", "account.view_move_form")):
            arch = self.env[model].get_view(self.env.ref(view).id)["arch"]
            self.assertIn("crossdock_status", arch, model)
