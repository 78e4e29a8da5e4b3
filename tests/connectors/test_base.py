"""A connector that says what carries out which command needs no `deliver` of its own."""

from __future__ import annotations

import pytest

from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, TargetRefused
from crossdock.core.outcomes import Accepted, Outcome
from crossdock.testing import make_context


class Desk(BaseConnector):
    kind = "desk"

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.deliveries = {"document.send": self._send}

    async def _send(self, command: Command) -> Outcome:
        if command.key == "refused":
            raise TargetRefused("no")
        return Accepted({"document": command.id})


def command(name: str, key: str = "k") -> Command:
    return Command("cmd-1", name, "desk", key, {})


async def test_a_command_goes_to_what_carries_it_out_and_another_is_refused_by_name() -> None:
    desk = Desk(make_context(Desk))
    assert await desk.deliver(command("document.send")) == Accepted({"document": "cmd-1"})
    with pytest.raises(CallNotAllowed, match=r"desk cannot carry out 'order\.cancel'") as caught:
        await desk.deliver(command("order.cancel"))
    assert caught.value.detail == {"command": "order.cancel"}
    await desk.context.http.close()


async def test_of_several_commands_each_has_its_own_outcome() -> None:
    desk = Desk(make_context(Desk))
    done = await desk.deliver_many([command("document.send"), command("document.send", "refused"), command("order.cancel")])
    assert [type(outcome) for outcome in done] == [Accepted, TargetRefused, CallNotAllowed]
    await desk.context.http.close()
