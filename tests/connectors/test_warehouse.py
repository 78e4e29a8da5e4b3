"""What both warehouse connectors read from a command: the whole fulfilment or every wrong field, and its number."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.connectors.warehouse import fulfilment_number, released
from crossdock.core.commands import Command
from crossdock.core.errors import SchemaInvalid


def command(data: dict[str, Any], name: str = "fulfilment.release") -> Command:
    return Command("cmd-1", name, "wms", "fulfilment/FO-1", data)


def test_every_wrong_field_of_a_release_is_named_where_it_stands_in_the_command() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        released(command({"fulfilment": {"number": 7, "lines": [{"sku": "A"}]}}))
    problems = caught.value.detail["problems"]
    assert {"fulfilment.number", "fulfilment.lines.0.quantity"} <= {each["path"] for each in problems}
    assert all(each.keys() == {"path", "message", "kind"} for each in problems)


def test_a_release_without_a_fulfilment_is_wrong_as_a_whole() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        released(command({}))
    assert [each["path"] for each in caught.value.detail["problems"]] == ["fulfilment"]


@pytest.mark.parametrize("data", [{"fulfilment_number": "FO-1"}, {"fulfilment": {"number": "FO-1"}}])
def test_the_number_stands_alone_or_in_the_fulfilment(data: dict[str, Any]) -> None:
    assert fulfilment_number(command(data)) == "FO-1"


@pytest.mark.parametrize("data", [{}, {"fulfilment_number": ""}, {"fulfilment": {"number": 1}}, {"fulfilment": "FO-1"}])
def test_a_command_about_no_fulfilment_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(SchemaInvalid) as caught:
        fulfilment_number(command(data, "fulfilment.cancel"))
    assert caught.value.detail["problems"] == [{"path": "fulfilment_number", "message": "is missing", "kind": "missing"}]
