"""A tab with the hub's view of a document, asked of its API with a key that may only read; nothing of Odoo depends on the answer."""

import logging
import time

import requests
from markupsafe import Markup

from odoo import api, fields, models

_logger = logging.getLogger(__name__)
TIMEOUT = 2
"""Seconds a form waits for the hub at most."""
SILENT = 30
"""Seconds the hub is not asked again after it did not answer, so that its outage does not slow Odoo down."""
_silent_until = {}

TABLE = Markup("<table class='table table-sm'><thead><tr><th>%s</th><th>%s</th><th>%s</th><th>%s</th></tr></thead><tbody>%s</tbody></table>")
ROW = Markup("<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>")
LINK = Markup("<a href='%s' target='_blank' rel='noopener'>%s</a>")


class CrossdockStatus(models.AbstractModel):
    _name = "crossdock.status"
    _description = "Document whose way through the Crossdock hub is shown"

    crossdock_connected = fields.Boolean("Shown by the hub", compute="_compute_crossdock_connected")
    crossdock_status = fields.Html("Crossdock", compute="_compute_crossdock_status", sanitize=False)

    @api.depends_context("uid")
    def _compute_crossdock_connected(self):
        connected = bool(self._crossdock_hub()[0])
        for record in self:
            record.crossdock_connected = connected

    @api.depends_context("uid")
    def _compute_crossdock_status(self):
        url, key = self._crossdock_hub()
        for record in self:
            # a list or an export does not ask the hub once a row
            one = url and len(self) == 1 and record.id
            record.crossdock_status = record._crossdock_view(url, key) if one else False

    def _crossdock_hub(self):
        get = self.env["ir.config_parameter"].sudo().get_param
        url = (get("crossdock.url") or "").rstrip("/")
        return (url if url.startswith(("https://", "http://")) else ""), get("crossdock.key") or ""

    def _crossdock_names(self):
        """The names under which the hub may know the document, the best first."""
        return []

    def _crossdock_view(self, url, key):
        """The table, or a sentence that says why there is none."""
        if _silent_until.get(url, 0) > time.monotonic():
            return Markup("<p>%s</p>") % self.env._("The hub cannot be reached at the moment.")
        try:
            hits = self._crossdock_hits(url, key)
        except (requests.RequestException, ValueError, KeyError, TypeError) as problem:
            _silent_until[url] = time.monotonic() + SILENT
            _logger.info("The Crossdock hub did not answer: %s", type(problem).__name__)
            return Markup("<p>%s</p>") % self.env._("The hub cannot be reached at the moment.")
        if not hits:
            return Markup("<p>%s</p>") % self.env._("The hub knows nothing of this document.")
        rows = Markup("").join(
            ROW
            % (
                LINK % (f"{url}/transactions/{requests.utils.quote(hit['key'], safe='')}", hit["key"]),
                hit["flow"],
                self.env._("finished") if hit["finished"] else hit["stage"],
                str(hit["updated_at"])[:16].replace("T", " "),
            )
            for hit in hits
        )
        return TABLE % (self.env._("Transaction"), self.env._("Flow"), self.env._("Stage"), self.env._("Changed (UTC)"), rows)

    def _crossdock_hits(self, url, key):
        # who may see an invoice may not see the order it is for; its name alone is asked for
        for name in self.sudo()._crossdock_names():
            answer = requests.get(
                f"{url}/api/transactions/",
                params={"q": name},
                headers={"Authorization": f"Bearer {key}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            answer.raise_for_status()
            hits = answer.json()
            if hits:
                return hits
        return []


def _names(*values):
    """Names that are there, each once, in their order."""
    return list(dict.fromkeys(value for value in values if value))


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "crossdock.status"]

    def _crossdock_names(self):
        return _names(self.client_order_ref, self.name)


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = ["stock.picking", "crossdock.status"]

    def _crossdock_names(self):
        return _names(self.sale_id.client_order_ref, self.sale_id.name, self.purchase_id.name, self.origin, self.name)


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "crossdock.status"]

    def _crossdock_names(self):
        return _names(self.name, self.partner_ref)


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "crossdock.status"]

    def _crossdock_names(self):
        orders = self.line_ids.sale_line_ids.order_id
        bought = self.line_ids.purchase_order_id
        return _names(*orders.mapped("client_order_ref"), *orders.mapped("name"), *bought.mapped("name"), self.ref, self.invoice_origin, self.name)
