"""The simulated fields against those of the server: same names, types, relations, selections."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.simulators.odoo import Odoo
from tests.odoo_wire.conftest import Refused, Server

MODELS = Odoo().registry
OWN = {
    # the simulator's own book-keeping, and columns that "no access log" models do not have
    ("res.groups", "xmlid"),
    ("res.users.identitycheck", "request"),
    ("base.automation", "action_server_ids"),
    *((m, f) for m in ("res.users.apikeys", "res.users.apikeys.show") for f in ("create_uid", "write_uid", "write_date")),
    ("res.users.apikeys.show", "create_date"),
}
LOOSER = {
    "integer": {"integer", "many2one_reference"},
    "text": {"char", "html", "text"},
    "char": {"char", "selection", "text", "html", "reference", "json"},
}


def told(model: str, name: str) -> tuple[str, str]:
    found = MODELS[model].fields[name]
    return found.type, found.comodel


@pytest.mark.parametrize("model", MODELS.names())
def test_every_simulated_field_exists_with_its_type(odoo: Server, admin: str, model: str) -> None:
    if not odoo.real:
        pytest.skip("the simulator would be compared with itself")
    try:
        real: dict[str, Any] = odoo.call(
            model, "fields_get", user=admin, attributes=["type", "relation", "selection", "relation_field"]
        )
    except Refused as problem:
        raise AssertionError(f"{model}: {problem}") from problem
    wrong = []
    for name, found in MODELS[model].fields.items():
        if (model, name) in OWN:
            continue
        if name not in real:
            wrong.append(f"{name}: does not exist")
            continue
        kind, relation = real[name]["type"], real[name].get("relation", "")
        if kind not in LOOSER.get(found.type, {found.type}) and {kind, found.type} != {"float", "monetary"}:
            wrong.append(f"{name}: {found.type}, really {kind}")
        if relation != found.comodel:
            wrong.append(f"{name}: relates to {found.comodel}, really {relation}")
        keys = [key for key, _ in real[name].get("selection", [])]
        extra = [key for key, _ in found.selection if key not in keys] if keys else []
        if extra:
            wrong.append(f"{name}: selection {extra} unknown, really {keys}")
    assert wrong == []
