"""Every row of Odoo's error table becomes the outcome that is true, by content type, status and name; tracebacks go nowhere."""

from __future__ import annotations

import pytest
from odoo_world import World
from scripted_odoo import KEY, TRACEBACK, Say, odoo_error, scripted

from crossdock.connectors.http import CallScope, current_call
from crossdock.core.errors import (
    AnswerLost,
    Contended,
    ContractBroken,
    CredentialRefused,
    CrossdockError,
    EndpointGone,
    PermissionRefused,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

NO_DATABASE = Say(b"<html>No database is selected</html>", 404, "text/html")

TABLE = [
    # what Odoo says, outcome of a writing call, outcome of a reading call
    pytest.param(odoo_error("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401), CredentialRefused, CredentialRefused, id="401"),
    pytest.param(NO_DATABASE, TargetUnavailable, TargetUnavailable, id="404-html-is-an-outage"),
    pytest.param(odoo_error("werkzeug.exceptions.NotFound", "the model 'x' does not exist", 404), ContractBroken, ContractBroken, id="404-model"),
    pytest.param(odoo_error("odoo.exceptions.MissingError", "gone", 404), TargetRefused, TargetRefused, id="404-record"),
    pytest.param(odoo_error("odoo.exceptions.AccessError", "Private methods (such as 'x')", 403), ContractBroken, ContractBroken, id="403-private"),
    pytest.param(odoo_error("odoo.exceptions.AccessError", "You may not", 403), PermissionRefused, PermissionRefused, id="403-access"),
    pytest.param(odoo_error("werkzeug.exceptions.UnprocessableEntity", "missing a required argument", 422), ContractBroken, ContractBroken, id="422-argument"),
    pytest.param(odoo_error("odoo.exceptions.UserError", "no", 422), TargetRefused, TargetRefused, id="422-user"),
    pytest.param(odoo_error("odoo.exceptions.ValidationError", "no", 422), TargetRefused, TargetRefused, id="422-validation"),
    pytest.param(odoo_error("builtins.ValueError", "Invalid field 'x' on 'y'", 500), ContractBroken, ContractBroken, id="500-field"),
    pytest.param(odoo_error("builtins.KeyError", "'x'", 500), ContractBroken, ContractBroken, id="500-key"),
    pytest.param(odoo_error("odoo.exceptions.RedirectWarning", "no warehouse", 500), TargetRefused, TargetRefused, id="500-redirect-warning-parks"),
    pytest.param(odoo_error("psycopg2.errors.SerializationFailure", "", 500), Contended, Contended, id="500-serialization"),
    pytest.param(odoo_error("psycopg2.errors.DeadlockDetected", "", 500), Contended, Contended, id="500-deadlock"),
    pytest.param(odoo_error("psycopg2.errors.LockNotAvailable", "", 500), Contended, Contended, id="500-lock"),
    pytest.param(odoo_error("odoo.exceptions.LockError", "", 409), Contended, Contended, id="409-lock"),
    pytest.param(odoo_error("psycopg2.InterfaceError", "cursor already closed", 500), AnswerLost, TargetUnavailable, id="500-connection-lost"),
    pytest.param(odoo_error("psycopg2.errors.UniqueViolation", "", 500), ContractBroken, ContractBroken, id="500-other-is-parked"),
    pytest.param(odoo_error("werkzeug.exceptions.BadRequest", "could not parse", 400), ContractBroken, ContractBroken, id="400"),
    pytest.param(Say(b"<html>415</html>", 415, "text/html"), ContractBroken, ContractBroken, id="415-html"),
    pytest.param(Say(b"<html>login</html>", 200, "text/html"), AnswerLost, TargetUnavailable, id="200-html"),
    pytest.param(Say(b'{"ids": [1', 200), AnswerLost, TargetUnavailable, id="200-cut"),
    pytest.param(Say(b"<html>oops</html>", 500, "text/html"), AnswerLost, TargetUnavailable, id="500-html"),
    pytest.param(Say(b"bad gateway", 502, "text/plain"), AnswerLost, TargetUnavailable, id="502"),
    pytest.param(Say(b"maintenance", 503, "text/plain", {"Retry-After": "7"}), TargetUnavailable, TargetUnavailable, id="503"),
    pytest.param(Say(b"slower", 429, "text/plain", {"Retry-After": "7"}), Throttled, Throttled, id="429"),
    pytest.param(Say(b"", 301, "text/html", {"Location": "https://x/"}), EndpointGone, EndpointGone, id="301"),
    pytest.param(Say(b"forbidden", 403, "text/html"), PermissionRefused, PermissionRefused, id="403-proxy"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "writing", "reading"), TABLE)
async def test_what_odoo_says_becomes_the_outcome_it_means(
    said: Say, writing: type[CrossdockError], reading: type[CrossdockError]
) -> None:
    for method, expected in (("action_confirm", writing), ("read", reading)):
        scope = CallScope()
        current_call.set(scope)
        async with scripted() as server:
            server.on(f"sale.order/{method}", said)
            with pytest.raises(CrossdockError) as caught:
                await server.connector.client.call("sale.order", method, ids=[7])
        error = caught.value
        assert type(error) is expected, f"{method}: {error!r}"
        if said.headers.get("Retry-After"):
            assert error.retry_after == 7.0  # type: ignore[attr-defined]
        kept = f"{error.as_dict()} {error!r} {[(e.url, e.sent, e.answered) for e in scope.exchanges]}"
        assert "Traceback" not in kept and "SecretDetail" not in kept and "/opt/odoo" not in kept
        assert KEY not in kept


async def test_a_denied_company_names_the_one_odoo_suggests() -> None:
    async with scripted() as server:
        server.on(
            "sale.order/read",
            odoo_error("odoo.exceptions.AccessError", "no", 403, suggested_company={"id": 2, "display_name": "Other"}),
        )
        with pytest.raises(PermissionRefused) as caught:
            await server.connector.client.call("sale.order", "read", ids=[7])
    assert caught.value.detail["suggested_company"] == {"id": 2, "display_name": "Other"}


async def test_a_redirect_warning_is_told_in_its_own_words() -> None:
    """Its message mixes the text, the id of an action and the label of a button; the first argument is the text."""
    said = Say(
        {
            "name": "odoo.exceptions.RedirectWarning",
            "message": "('Please create a warehouse', 321, 'Go')",
            "arguments": ["Please create a warehouse", 321, "Go"],
            "context": {},
            "debug": TRACEBACK,
        },
        500,
    )
    async with scripted() as server:
        server.on("sale.order/action_confirm", said)
        with pytest.raises(TargetRefused) as caught:
            await server.connector.client.call("sale.order", "action_confirm", ids=[7])
    assert caught.value.message == "Odoo refuses sale.order/action_confirm: Please create a warehouse"


# The same statements on the Odoo under test -------------------------------------------------------------------


async def test_mistakes_of_the_hub_are_parked_and_not_retried(world: World) -> None:
    client = world.connector(
        allow=frozenset({"res.partner/read", "res.partner/write", "no.such.model/read", "res.partner/no_such_method"})
    ).client
    await client.transport()
    client._company = 1
    for model, method, arguments in (
        ("res.partner", "read", {"ids": [1], "fields": ["no_such_field"]}),
        ("res.partner", "write", {"ids": [1], "vals": {"no_such_field": 1}}),
        ("no.such.model", "read", {"ids": [1]}),
        ("res.partner", "no_such_method", {"ids": [1]}),
    ):
        with pytest.raises(ContractBroken) as caught:
            await client.call(model, method, **arguments)
        assert "Traceback" not in str(caught.value.as_dict())


async def test_a_wrong_key_stops_the_system(world: World) -> None:
    connector = world.connector(key="0" * 40)
    with pytest.raises(CredentialRefused) as caught:
        await connector.poll("orders", {})
    assert "0" * 40 not in str(caught.value.as_dict())


async def test_an_expired_key_and_a_deactivated_user_stop_the_system(world: World) -> None:
    world.control("expire its key")
    for change in ({"active": False}, {"active": True, "expire": True}):
        async with world.session.post(f"{world.url}/_sim/key", json={"login": "hub", **change}) as answer:
            assert answer.status == 200
        with pytest.raises(CredentialRefused):
            await world.connector().poll("orders", {})


async def test_a_database_outage_is_waited_for(world: World) -> None:
    """PostgreSQL down looks exactly like an unknown database: 404 in HTML."""
    connector = world.connector(database="no_such_database")
    with pytest.raises(TargetUnavailable):
        await connector.client.call("sale.order", "search", domain=[])
    simulator = world.control("lose its database")
    simulator.database_up = False
    connector = world.connector()
    with pytest.raises(TargetUnavailable):
        await connector.poll("orders", {})
    simulator.database_up = True
    await connector.poll("orders", {})


async def test_a_record_that_is_gone_is_told_from_an_outage(world: World) -> None:
    connector = world.connector()
    with pytest.raises(TargetRefused) as caught:
        await connector.client.call("sale.order", "action_confirm", ids=[999_999_999])
    assert caught.value.detail["odoo"] == "odoo.exceptions.MissingError"
    assert await connector.client.read("sale.order", [999_999_999], ["name"]) == {}
