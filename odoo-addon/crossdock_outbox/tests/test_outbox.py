"""What the outbox promises, on a real database with transactions of its own."""

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.exceptions import AccessError
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, TransactionCase, get_db_name, new_test_user, tagged
from odoo.tools import mute_logger

SALE = ["sale.order", "sale.order.line"]


@tagged("post_install", "-at_install")
class TestOutbox(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hub = new_test_user(cls.env, "crossdock-hub", groups="base.group_user,crossdock_outbox.group_hub")
        cls.other = new_test_user(cls.env, "crossdock-other", groups="base.group_user")
        cls.partner = cls.env["res.partner"].create({"name": "Crossdock's customer"})
        cls.product = cls.env["product.product"].create({"name": "Crossdock's product", "is_storable": True})
        cls.outbox = cls.env["crossdock.outbox"].with_user(cls.hub)

    def _order(self):
        line = {"product_id": self.product.id, "product_uom_qty": 2}
        return self.env["sale.order"].create({"partner_id": self.partner.id, "order_line": [(0, 0, line)]})

    def _told(self, after, models=None):
        self.env.flush_all()
        found, rows = {"more": True, "last": after}, []
        while found["more"]:
            found = self.outbox.changes_after("test", found["last"], 500, models)
            self.assertFalse(found["gap"])
            rows += found["rows"]
        return rows, found["last"]

    def _begin(self):
        self.env.flush_all()
        return self.outbox.changes_after("test")["last"]

    def test_creation_change_and_deletion_are_told_in_order(self):
        after = self._begin()
        order = self._order()
        rows, after = self._told(after, SALE)
        self.assertIn(["sale.order", order.id, "create"], [row[1:] for row in rows])
        self.assertIn(["sale.order.line", order.order_line.id, "create"], [row[1:] for row in rows])
        self.assertEqual([row[0] for row in rows], sorted({row[0] for row in rows}))
        order.client_order_ref = "C-1"
        rows, after = self._told(after, SALE)
        self.assertEqual([row[1:] for row in rows], [["sale.order", order.id, "write"]])
        self.assertEqual(self._told(after, SALE)[0], [])
        line = order.order_line.id
        order.unlink()
        rows, after = self._told(after, SALE)
        self.assertIn(["sale.order", order.id, "unlink"], [row[1:] for row in rows])
        self.assertIn(["sale.order.line", line, "unlink"], [row[1:] for row in rows])

    def test_what_odoo_computes_and_what_sql_writes_is_told(self):
        self.env["stock.quant"]._update_available_quantity(self.product, self.env.ref("stock.stock_location_stock"), 5)
        order = self._order()
        order.action_confirm()
        picking = order.picking_ids
        after = self._begin()
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(picking.state, "done")
        rows, after = self._told(after)
        told = {(row[1], row[2]) for row in rows}
        self.assertLessEqual(
            {("stock.picking", picking.id), ("stock.move", picking.move_ids.id), ("sale.order", order.id), ("sale.order.line", order.order_line.id)}, told
        )
        self.assertTrue({row[2] for row in rows if row[1] == "stock.quant"})
        self.env.cr.execute("UPDATE sale_order SET note = 'by hand' WHERE id = %s", [order.id])
        rows, _ = self._told(after)
        self.assertEqual([row[1:] for row in rows], [["sale.order", order.id, "write"]])

    def test_what_is_rolled_back_is_not_told(self):
        order = self._order()
        after = self._begin()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            order.client_order_ref = "gone"
            self.env.flush_all()
            raise ZeroDivisionError
        self.env.invalidate_all()
        self.assertEqual(self._told(after, SALE)[0], [])
        order.client_order_ref = "kept"  # after a rollback in the same transaction the change is told all the same
        self.assertEqual([row[1:] for row in self._told(after, SALE)[0]], [["sale.order", order.id, "write"]])

    def test_only_the_hubs_user_may_read(self):
        with self.assertRaises(AccessError):
            self.env["crossdock.outbox"].with_user(self.other).changes_after("test")

    def test_acknowledged_rows_go_and_a_reader_is_told_what_it_missed(self):
        after = self._begin()
        self._order()
        rows, last = self._told(after)
        self.assertTrue(rows)
        self.outbox.changes_after("slow")
        self.outbox.changes_after("test", after)
        self.env["crossdock.outbox"]._prune(kept_days=-1)
        self.assertEqual(len(self._told(after)[0]), len(rows), "not everybody has acknowledged")
        self.outbox.changes_after("test", last)
        self.outbox.changes_after("slow", last)
        self.env["crossdock.outbox"]._prune(kept_days=-1)
        self.assertTrue(self.outbox.changes_after("test", after)["gap"])
        self.assertEqual(self._told(self._begin())[0], [])
        self.assertTrue(self.outbox.changes_after("never seen", last)["gap"])
        self.assertTrue(self.outbox.changes_after("test", last + 10**6)["gap"], "a database older than the hub's cursor")


@tagged("post_install", "-at_install")
class TestOrder(BaseCase):
    """With transactions that commit: what they leave is taken away again."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self._forget)
        self.after = self._fetch(None)["last"]

    def _connect(self):
        return db_connect(get_db_name()).cursor()

    def _fetch(self, after, cr=None):
        if cr is not None:
            return Environment(cr, SUPERUSER_ID, {})["crossdock.outbox"].changes_after("order test", after, 500, ["crossdock.test"])
        with self._connect() as own:
            return self._fetch(after, own)

    def _forget(self):
        with self._connect() as cr:
            cr.execute("DELETE FROM crossdock_outbox WHERE model = 'crossdock.test'")
            cr.execute("DELETE FROM crossdock_outbox_reader WHERE name = 'order test'")

    def _change(self, cr, number):
        cr.execute("INSERT INTO crossdock_outbox (model, res_id, op) VALUES ('crossdock.test', %s, 'write')", [number])

    def test_what_commits_late_is_told_late_and_not_missed(self):
        with self._connect() as slow, self._connect() as fast:
            self._change(slow, 1)
            self._change(fast, 2)
            fast.commit()
            first = self._fetch(self.after)
            self.assertEqual([row[2] for row in first["rows"]], [2], "the first writer has not committed yet, and holds nobody up")
            slow.commit()
            then = self._fetch(first["last"])
            self.assertEqual([row[2] for row in then["rows"]], [1])

    def test_of_two_readers_at_once_one_has_to_come_again(self):
        with self._connect() as writer:
            self._change(writer, 1)
        with self._connect() as late, self._connect() as other:
            late.execute("SELECT 1 FROM crossdock_outbox_head")  # its view of the database is of now
            self._change(other, 2)
            other.commit()
            first = self._fetch(self.after)
            self.assertEqual([row[2] for row in first["rows"]], [1, 2])
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                self._fetch(self.after, late)
            late.rollback()
        with self._connect() as writer:
            self._change(writer, 3)
        self.assertEqual([row[2] for row in self._fetch(first["last"])["rows"]], [3])
