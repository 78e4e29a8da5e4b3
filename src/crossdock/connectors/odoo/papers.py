"""What making any paper for a customer has in common: it is looked for, made once, posted when asked, and told as it is in Odoo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from crossdock.canonical.customer_invoice import InvoiceRequest
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.paper_rows import Paper, columns, differences, paper_name, rows
from crossdock.connectors.odoo.papers_post import Posting, said
from crossdock.connectors.odoo.values import canonical, label
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted

PAPER: Final = (
    "name",
    "state",
    "move_type",
    "invoice_origin",
    "partner_id",
    "currency_id",
    "amount_total",
    "amount_residual",
    "payment_state",
    "payment_reference",
    "invoice_line_ids",
)
KINDS: Final[Mapping[str, str]] = {"invoice": "out_invoice", "credit_note": "out_refund"}


class Papers:
    """Writes papers under the hub's external ids."""

    def __init__(self, client: OdooClient, loader: Loader, data: MasterData, posting: Posting, system: str) -> None:
        self._client = client
        self._loader = loader
        self._data = data
        self._posting = posting
        self._system = system

    async def name(self, request: InvoiceRequest) -> str:
        """The external id of the paper a request asks for."""
        return paper_name(ExternalIds(self._client.options.xid_prefix, await self._client.company()), request)

    async def made(self, request: InvoiceRequest) -> int | None:
        """The paper made for a request. Raises `TargetRefused` when the number stands for a paper of another kind."""
        kind = KINDS[request.kind]
        there = await self._client.find(await self.name(request), "account.move", [["move_type", "=", kind]])
        if there is not None:
            row = await self._client.read_one("account.move", there, ["move_type"])
            if row["move_type"] != kind:
                raise TargetRefused(
                    f"{request.number} is a paper of another kind in Odoo", invoice_id=str(there), kind=row["move_type"]
                )
        return there

    async def create(self, request: InvoiceRequest, plan: Callable[[], Awaitable[Paper]]) -> Accepted:
        """Make the paper of a request once, as `plan` says, and post it when the request asks for it."""
        there = await self.made(request)
        repeated = there is not None
        if there is None:
            try:
                paper = await plan()
            except TargetRefused:
                # an earlier attempt of ours may still have been at work in Odoo and finished meanwhile: what it did decides
                there, repeated = await self.made(request), True
                if there is None:
                    raise
            else:
                (there,) = await self._loader.load("account.move", columns(paper), rows(paper))
        return Accepted(await self._finish(request, there), repeated=repeated)

    async def _finish(self, request: InvoiceRequest, id_: int) -> dict[str, Any]:
        """Post the paper when the request asks for it, and say what there is."""
        if request.post:
            await self._posting.press(id_)
        return await self.acknowledge(request, id_)

    async def found(self, request: InvoiceRequest) -> dict[str, Any] | None:
        """The acknowledgement of a paper that is there, posted if it should be; None when it is not."""
        there = await self.made(request)
        if there is None:
            return None
        row = await self._client.read_one("account.move", there, ["state"])
        return None if request.post and row["state"] == "draft" else await self.acknowledge(request, there)

    async def acknowledge(self, request: InvoiceRequest, id_: int) -> dict[str, Any]:
        """The paper as Odoo has it, with what differs from the wish."""
        head = await self._client.read_one("account.move", id_, PAPER)
        unit = await self._data.rounding(request.currency)
        currency = label(head["currency_id"])
        told = differences(request, head, len(head["invoice_line_ids"]), unit, self._client.options.tolerance_per_line)
        if currency != request.currency:
            told.append({"field": "currency", "expected": request.currency, "found": currency})
        if head["state"] == "cancel":
            told.append({"field": "state", "expected": "draft", "found": "cancelled"})
        return {**said(self._system, head), "discrepancies": told}


def request_of(command: Command, kind: str) -> InvoiceRequest:
    """The request of a command. Raises `SchemaInvalid`, and `TargetRefused` for one of the other kind."""
    request = canonical(InvoiceRequest, command.data.get("invoice_request"))
    if request.kind != kind:
        raise TargetRefused(f"{command.name} cannot make a {request.kind}", kind=request.kind)
    return request
