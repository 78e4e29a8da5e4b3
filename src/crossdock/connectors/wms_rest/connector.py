"""The warehouse over REST: instructions to ship, to receive and to take back out, signed callbacks and the event feed in, inventory streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from crossdock.canonical.events import Event
from crossdock.connectors.contracts.connector import ContractConnector
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    StockLine,
    StoredMessage,
)
from crossdock.connectors.warehouse import (
    StockTerms,
    expected,
    expected_return,
    fulfilment_number,
    receipt_number,
    released,
    return_number,
)
from crossdock.connectors.wms_rest import mapping, receipts, returns
from crossdock.connectors.wms_rest.errors import ANSWERS
from crossdock.connectors.wms_rest.options import WmsRestOptions
from crossdock.core.commands import Command
from crossdock.core.errors import (
    ContractBroken,
    PayloadMalformed,
    TargetUnavailable,
)
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound


class WmsRestConnector(ContractConnector):
    """A warehouse or third-party logistics provider that offers `openapi.yaml`."""

    kind: ClassVar[str] = "wms_rest"
    title: ClassVar[str] = "Warehouse (REST)"
    mapping_version: ClassVar[str] = "wms_rest/4"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset(
            {"fulfilment.release", "fulfilment.cancel", "receipt.expect", "receipt.cancel", "return.expect", "return.cancel"}
        ),
        topics=mapping.TOPICS,
        receives=True,
        polls=True,
        consequences={"events": 1},
        snapshots=True,
    )
    Options: ClassVar[type[Any]] = WmsRestOptions
    answers = ANSWERS

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: WmsRestOptions = context.options
        self._terms = StockTerms(context.value_maps, self._options.location_map, self._options.reason_map)
        self.deliveries = {
            "fulfilment.release": self._release,
            "fulfilment.cancel": self._withdraw,
            "receipt.expect": self._expect,
            "receipt.cancel": self._withdraw,
            "return.expect": self._expect,
            "return.cancel": self._withdraw,
        }

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return mapping.events(message.body, message.system, self._terms)

    # Out -----------------------------------------------------------------------------------------------------

    async def _release(self, command: Command) -> Accepted:
        order = released(command)
        found, before = await self.put(self._place(command), mapping.release_body(order), command)
        return Accepted(self._release_ack(found), repeated=before)

    async def _expect(self, command: Command) -> Accepted:
        if command.name == "return.expect":
            body = returns.expect_body(expected_return(command))
        else:
            body = receipts.expect_body(expected(command))
        found, before = await self.put(self._place(command), body, command)
        return Accepted(self._expect_ack(found), repeated=before and found.get("idempotency_key") != command.id)

    async def _withdraw(self, command: Command) -> Accepted:
        return await self.withdraw(self._place(command), command)

    async def find_effect(self, command: Command) -> Effect:
        """The warehouse is asked for the document. "Absent" is safe even when the first request is still on its way: PUT creates once."""
        found = await self.held(self._place(command), f"unknown_{_noun(command)}")
        if found is None:
            return EffectAbsent()
        if command.name.endswith(".cancel"):
            cancellation = found.get("cancellation")
            return EffectFound(self.cancelled(cancellation)) if isinstance(cancellation, dict) else EffectAbsent()
        same = found.get("idempotency_key") == command.id
        if command.name.endswith(".expect"):
            # A newer version in its place means that this one has nothing to say any more.
            version, mine = found.get("version"), expected_return(command) if _noun(command) == "return" else expected(command)
            newer = isinstance(version, int) and version > mine.version
            return EffectFound(self._expect_ack(found)) if newer or same else EffectAbsent()
        # Another key may mean other content: sending again gets the warehouse's own judgement, 200 or 409.
        return EffectFound(self._release_ack(found)) if same else EffectAbsent()

    def _place(self, command: Command) -> str:
        """The path of the document a command is about."""
        options, noun = self._options, _noun(command)
        if noun == "return":
            return f"{options.return_path}/{quote(return_number(command), safe='')}"
        if noun == "receipt":
            return f"{options.receipt_path}/{quote(receipt_number(command), safe='')}"
        return f"{options.fulfilment_path}/{quote(fulfilment_number(command), safe='')}"

    def _expect_ack(self, found: Mapping[str, Any]) -> dict[str, Any]:
        return {"warehouse_reference": str(found.get("warehouse_reference") or "")}

    def _release_ack(self, found: Mapping[str, Any]) -> dict[str, Any]:
        reference = str(found.get("warehouse_reference") or "")
        references = [[f"{self.context.system}:fulfilment", reference]] if reference else []
        return {"warehouse_reference": reference, "references": references}

    # Stock ---------------------------------------------------------------------------------------------------

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        cursor: str | None = ""
        seen: set[str] = set()
        while cursor is not None:
            answer = await self._api.get(
                self._options.inventory_path, {"cursor": cursor, "limit": str(self._options.inventory_page)}
            )
            try:
                lines, following = mapping.stock_page(answer.body)
            except PayloadMalformed as error:
                raise TargetUnavailable(error.message, **error.detail) from None
            seen.add(cursor)
            if following in seen:
                raise ContractBroken("the inventory's cursor goes round in a circle", cursor=following)
            cursor = following
            if lines:
                yield [replace(line, location=self._terms.place(line.location)) for line in lines]


def _noun(command: Command) -> str:
    return command.name.partition(".")[0]
