"""The generic connector on real sockets: authentication kinds, lost and partial answers, batches, encodings, declared abilities."""

from __future__ import annotations

import base64
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from aiohttp import web

from crossdock.connectors.http_generic.connector import HttpConnector
from crossdock.connectors.http_generic.options import HttpOptions
from crossdock.connectors.protocol import InboundRequest
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerLost,
    CallNotAllowed,
    CrossdockError,
    EndpointGone,
    PermissionRefused,
    SchemaInvalid,
    SignatureExpired,
    SignatureInvalid,
    TargetRefused,
    Unauthenticated,
    UnknownSystem,
)
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.testing import ManualClock, make_context

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
BODY = b'{"no": 1}'
PRODUCT = {"event": "product.changed", "key": "product/{no}", "fields": {"sku": "no"}}


def channel(auth: dict[str, Any], **secrets: str) -> HttpConnector:
    options = {"channels": {"in": {"auth": auth, "topic": "p"}}, "documents": {"p": PRODUCT}}
    return HttpConnector(
        make_context(HttpConnector, system="web", options=options, secrets={"webhook_secret": "sesame-open", **secrets})
    )


def sent(headers: dict[str, str], body: bytes = BODY) -> InboundRequest:
    return InboundRequest("in", headers, body, NOW)


STAMP = str(int(NOW.timestamp()))


def digest(text: bytes, algorithm: str = "sha256", key: bytes = b"sesame-open") -> bytes:
    return hmac.digest(key, text, algorithm)


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        ({"kind": "api_key", "header": "X-Api-Token"}, {"x-api-token": "sesame-open"}),
        ({"kind": "bearer"}, {"authorization": "Bearer sesame-open"}),
        ({"kind": "basic", "username": "ada"}, {"authorization": "Basic " + base64.b64encode(b"ada:sesame-open").decode()}),
        ({"kind": "hmac", "header": "X-Sig"}, {"x-sig": digest(BODY).hex().upper()}),
        (
            {"kind": "hmac", "header": "X-Sig", "encoding": "base64", "algorithm": "sha512"},
            {"x-sig": base64.b64encode(digest(BODY, "sha512")).decode()},
        ),
        ({"kind": "hmac", "header": "X-Sig", "prefix": "sha256="}, {"x-sig": "sha256=" + digest(BODY).hex()}),
        (
            {
                "kind": "hmac",
                "header": "X-Sig",
                "timestamp": {"header": "X-Time"},
                "signed": "v0:{timestamp}:{header:x-nonce}:{body}",
            },
            {"x-sig": digest(b"v0:" + STAMP.encode() + b":n1:" + BODY).hex(), "x-time": STAMP, "x-nonce": "n1"},
        ),
    ],
)
async def test_each_kind_of_proof_is_taken_and_its_forgery_refused(auth: dict[str, Any], headers: dict[str, str]) -> None:
    assert len(channel(auth).receive(sent(headers))) == 1
    with pytest.raises((Unauthenticated, SignatureInvalid)):
        channel(auth).receive(sent({}))
    for name in headers:
        with pytest.raises((Unauthenticated, SignatureInvalid)):
            channel(auth).receive(sent({**headers, name: headers[name][:-1] + "é"}))
    if auth["kind"] == "hmac":
        with pytest.raises(SignatureInvalid):
            channel(auth).receive(sent(headers, BODY + b" "))


async def test_the_previous_secret_is_valid_while_both_are_named() -> None:
    headers = {"x-api-key": "sesame-old-one"}
    with pytest.raises(Unauthenticated):
        channel({"kind": "api_key"}).receive(sent(headers))
    assert channel({"kind": "api_key"}, webhook_secret_previous="sesame-old-one").receive(sent(headers))


async def test_an_old_signature_is_refused_by_the_configured_tolerance() -> None:
    auth = {
        "kind": "hmac",
        "header": "X-Sig",
        "timestamp": {"header": "X-Time", "format": "iso", "tolerance": 60},
        "signed": "{timestamp}{body}",
    }
    for seconds, taken in ((59, True), (61, False), (-61, False)):
        stamp = (NOW - timedelta(seconds=seconds)).isoformat()
        request = sent({"x-time": stamp, "x-sig": digest(stamp.encode() + BODY).hex()})
        if taken:
            channel(auth).receive(request)
        else:
            with pytest.raises(SignatureExpired):
                channel(auth).receive(request)


async def test_a_channel_that_is_not_configured_is_unknown() -> None:
    with pytest.raises(UnknownSystem):
        channel({"kind": "api_key"}).receive(InboundRequest("other", {"x-api-key": "sesame-open"}, BODY, NOW))


# Out ------------------------------------------------------------------------------------------------------------

Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def against(
    handler: Answer, options: dict[str, Any], **secrets: str
) -> AsyncIterator[tuple[HttpConnector, list[tuple[web.Request, bytes]]]]:
    seen: list[tuple[web.Request, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request, await request.read()))
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/base"
    context = make_context(
        HttpConnector, system="erp", endpoint=url, options=options, secrets=secrets, clock=ManualClock(NOW), timeout=2.0
    )
    try:
        yield HttpConnector(context), seen
    finally:
        await context.http.close()
        await runner.cleanup()


def says(status: int, value: Any = None) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        if value is None:
            return web.Response(status=status)
        return web.Response(
            body=orjson.dumps(value), status=status, content_type="application/json", headers={"Location": "/base/x/9"}
        )

    return answer


def send(number: int = 1, **document: Any) -> Command:
    data = {"event": "x", "document": {"no": f"A/{number} ü", "total": "12.50", **document}, "refs": {"odoo:order_id": "7"}}
    return Command(f"cmd-{number}", "document.send", "erp", "order/web/1", data, correlation="corr-1")


def out(**rule: Any) -> dict[str, Any]:
    return {"commands": {"document.send": {"path": "/orders", **rule}}}


async def test_a_request_is_built_from_the_command() -> None:
    options = out(
        method="PUT",
        path="/orders/{document.no}/{refs.odoo:order_id}",
        query={"hub": {"const": "crossdock"}, "none": "document.nothing", "total": "document.total"},
        headers={"X-Key": "{@key}"},
        idempotency_header="Idempotency-Key",
        body={
            "amount": {"from": "document.total", "as": "number"},
            "cents": {"from": "document.total", "as": [{"shift": 2}, "int"]},
            "meta.id": "@id",
        },
        ack={"location": "@header.location", "no": "id"},
        references=[{"scheme": "{@system}:order_id", "value": "{id}"}],
    )
    async with against(says(201, {"id": 9}), options) as (connector, seen):
        outcome = await connector.deliver(send())
        assert outcome == Accepted({"location": "/base/x/9", "no": 9, "references": [["erp:order_id", "9"]]})
        request, body = seen[0]
        assert (request.method, request.raw_path) == ("PUT", "/base/orders/A%2F1%20%C3%BC/7?hub=crossdock&total=12.50")
        assert (request.headers["X-Key"], request.headers["Idempotency-Key"]) == ("order/web/1", "cmd-1")
        assert body == b'{"amount":12.50,"cents":1250,"meta":{"id":"cmd-1"}}'


async def test_a_form_and_a_document_as_it_is() -> None:
    async with against(says(204), out(body={"no": "document.no", "t": "document.total"}, encoding="form")) as (connector, seen):
        assert await connector.deliver(send()) == Accepted({})
        assert seen[0][1] == b"no=A%2F1+%C3%BC&t=12.50"
    async with against(says(200), out(body_from="document")) as (connector, seen):
        assert await connector.deliver(send(x=1)) == Accepted({})
        assert orjson.loads(seen[0][1]) == {"no": "A/1 ü", "total": "12.50", "x": 1}


async def test_a_line_break_cannot_get_into_a_header_and_a_missing_value_not_into_a_path() -> None:
    async with against(says(200), out(headers={"X-No": "{document.no}"})) as (connector, seen):
        with pytest.raises(SchemaInvalid, match="line break"):
            await connector.deliver(send(no="a\r\nEvil: 1"))
        assert seen == []
    async with against(says(200), out(path="/orders/{document.missing}")) as (connector, seen):
        with pytest.raises(SchemaInvalid, match=r"document\.missing has no value"):
            await connector.deliver(send())
        assert seen == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (422, TargetRefused),
        (404, EndpointGone),
        (302, EndpointGone),
        (403, PermissionRefused),
        (500, AnswerLost),
        (502, AnswerLost),
    ],
)
async def test_what_an_answer_means(status: int, error: type[CrossdockError]) -> None:
    async with against(says(status, {"why": "the words"}), out(message="why")) as (connector, _):
        with pytest.raises(error) as caught:
            await connector.deliver(send())
        if error is TargetRefused:
            assert caught.value.message == "the words"


async def test_a_success_that_says_no_and_a_status_that_says_done_before() -> None:
    rule = out(success_when={"path": "ok", "equals": True}, message="why", already=[409], refused=[400], ack={"id": "id"})
    async with against(says(200, {"ok": False, "why": "closed period"}), rule) as (connector, _):
        with pytest.raises(TargetRefused, match="closed period"):
            await connector.deliver(send())
    async with against(says(409, {"id": 5}), rule) as (connector, _):
        assert await connector.deliver(send()) == Accepted({"id": 5}, repeated=True)


async def test_a_success_without_what_the_process_needs_is_uncertain() -> None:
    rule = out(ack={"id": {"from": "id", "required": True}})
    async with against(says(200, {}), rule) as (connector, _):
        with pytest.raises(AnswerLost, match="missing in the source"):
            await connector.deliver(send())
    async with against(says(200), rule) as (connector, _):
        with pytest.raises(AnswerLost, match="cannot be read"):
            await connector.deliver(send())


async def test_what_a_target_answers_reaches_the_process_unrounded() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b'{"id": 123456789012345678901234567890, "cost": 0.10, "n": 7}', content_type="application/json")

    rule = out(ack={"id": "id", "cost": "cost", "n": "n", "all": "."}, references=[{"scheme": "erp:id", "value": "{id}"}])
    async with against(answer, rule) as (connector, _):
        outcome = await connector.deliver(send())
        assert isinstance(outcome, Accepted)
        whole = {"id": "123456789012345678901234567890", "cost": "0.10", "n": 7}
        assert outcome.ack == {**whole, "all": whole, "references": [["erp:id", whole["id"]]]}
    async with against(says(200), out(body={"n": {"const": 10**30}})) as (connector, seen):
        with pytest.raises(SchemaInvalid, match="cannot be written"):
            await connector.deliver(send())
        assert seen == []


async def test_reconciliation_finds_proves_absence_or_stays_unclear() -> None:
    find = {"path": "/orders", "query": {"ref": "@id"}, "found": {"path": "0.id", "present": True}, "ack": {"id": "0.id"}}
    for answer, conclusive, expected in (
        (says(200, [{"id": 3}]), True, EffectFound({"id": 3})),
        (says(200, []), True, EffectAbsent()),
        (says(200, []), False, EffectUnclear("the target does not show it yet")),
        (says(404), True, EffectAbsent()),
    ):
        async with against(answer, out(find_effect={**find, "conclusive": conclusive})) as (connector, seen):
            assert await connector.find_effect(send()) == expected
            assert seen[0][0].query["ref"] == "cmd-1"
    async with against(says(200), out()) as (connector, _):
        assert isinstance(await connector.find_effect(send()), EffectUnclear)
    async with against(says(200), out(repeatable=True)) as (connector, _):
        assert await connector.find_effect(send()) == EffectAbsent()


async def test_a_batch_says_for_each_command_what_became_of_it() -> None:
    batch = {
        "max": 2,
        "path": "/bulk",
        "at": "data.items",
        "answers": "results",
        "match": "ref",
        "success_when": {"path": "ok", "equals": True},
        "message": "why",
    }
    rule = out(
        body={"ref": "@id", "total": {"from": "document.total", "required": True}},
        ack={"id": "id"},
        batch=batch,
        idempotency_header="K",
    )

    async def handler(request: web.Request) -> web.Response:
        items = orjson.loads(await request.read())["data"]["items"]
        results = [
            {"ref": i["ref"], "ok": i["ref"] != "cmd-2", "id": i["ref"][-1], "why": "no stock"}
            for i in items
            if i["ref"] != "cmd-4"
        ]
        return web.Response(body=orjson.dumps({"results": results[::-1]}), content_type="application/json")

    async with against(handler, rule) as (connector, seen):
        commands = [send(1), send(2), send(3, total=None), send(4), send(5)]
        assert {connector.batch_key(command) for command in commands} == {"document.send"}
        one, two, three, four, five = await connector.deliver_many(commands)
        assert one == Accepted({"id": "1"}) and five == Accepted({"id": "5"})
        assert isinstance(two, TargetRefused) and two.message == "no stock"
        assert isinstance(three, SchemaInvalid)
        assert isinstance(four, AnswerLost)
        assert [len(orjson.loads(body)["data"]["items"]) for _, body in seen] == [2, 2]
        assert len({request.headers["K"] for request, _ in seen}) == 2


async def test_a_batch_whose_answers_cannot_be_counted_is_uncertain_as_a_whole() -> None:
    rule = out(body_from="document", batch={"max": 9})
    async with against(says(200, [{}]), rule) as (connector, seen):
        outcomes = await connector.deliver_many([send(1), send(2)])
        assert [type(outcome) for outcome in outcomes] == [AnswerLost, AnswerLost]
        assert isinstance(orjson.loads(seen[0][1]), list)


async def test_what_goes_out_is_signed() -> None:
    auth = {"kind": "hmac", "header": "X-Sig", "prefix": "v1=", "timestamp_header": "X-Time", "signed": "{timestamp}.{body}"}
    options = {"auth": auth, **out(body_from="document")}
    async with against(says(200), options, signing_secret="sesame-open") as (connector, seen):
        await connector.deliver(send())
        request, body = seen[0]
        assert request.headers["X-Time"] == STAMP
        assert request.headers["X-Sig"] == "v1=" + digest(STAMP.encode() + b"." + body).hex()


async def test_oauth_basic_and_bearer_are_shown_to_the_target() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/base/token":
            return web.json_response({"access_token": "t-1", "expires_in": 60})
        return web.Response(text=request.headers["Authorization"])

    basic = {"kind": "basic", "username": "ada", "credential": "api_key"}
    for auth, expected in (
        ({"kind": "oauth2", "token_url": "token"}, "Bearer t-1"),
        ({"kind": "bearer"}, "Bearer sesame-open"),
        (basic, "Basic " + base64.b64encode(b"ada:sesame-open").decode()),
    ):
        options = {"auth": auth, **out(body_from="document")}
        async with against(handler, options, api_key="sesame-open", client_id="ada", client_secret="sesame") as (connector, seen):
            await connector.deliver(send())
            assert seen[-1][0].headers["Authorization"] == expected


async def test_abilities_and_credentials_follow_from_the_options() -> None:
    options = HttpOptions.model_validate(
        {
            "auth": {"kind": "bearer", "credential": "token"},
            "channels": {"in": {"auth": {"kind": "api_key"}, "topic": "p"}},
            "documents": {"p": PRODUCT},
            **out(repeatable=True, batch={"max": 50}),
        }
    )
    able = HttpConnector.capabilities_for(options)
    assert (able.commands, able.repeatable, able.topics, able.batch) == ({"document.send"}, {"document.send"}, {"p"}, 50)
    assert able.receives and not able.polls
    assert HttpConnector.credential_purposes(options) == {"token", "webhook_secret"}
    async with against(says(200), out()) as (connector, _):
        with pytest.raises(CallNotAllowed):
            await connector.deliver(Command("c", "order.create", "erp", "k", {}))
