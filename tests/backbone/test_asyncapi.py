"""The AsyncAPI document of a landscape is valid by AsyncAPI's own schema and says who is told what; the registry answers as Confluent's."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crossdock.backbone.asyncapi import asyncapi
from crossdock.backbone.registry import Registry
from crossdock.backbone.schemas import whole_schema
from crossdock.backbone.serving import server
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.load import load
from tests.backbone.test_publishing import SUBSCRIBER, landscape

RULES = json.loads((Path(__file__).parent / "asyncapi/3.0.0.json").read_text(encoding="utf-8"))
"""AsyncAPI 3.0.0 by the AsyncAPI initiative (Apache-2.0), as published in @asyncapi/specs 6.11.1."""


def test_the_document_is_asyncapi_and_every_reference_leads_somewhere(tmp_path: Path) -> None:
    topics = "flows: [told]\nby: kafka\nendpoint: kafka://broker:9092\nevents: [order.placed]\noptions: {topic: 'eu.{event}', security: sasl_ssl}\n"
    here = load(landscape(tmp_path / "l", lake=SUBSCRIBER.format(url="https://lake.example/hook"), stream=topics))
    document = asyncapi(here, "https://hub.acme.example")
    jsonschema.Draft7Validator(RULES).validate(document)
    assert document["channels"]["stream.order.placed"]["address"] == "eu.order.placed"
    assert set(document["channels"]["lake"]["messages"]) == {"order-placed", "order-changed"}
    assert set(document["channels"]["in.press"]["messages"]) == {"order-placed"}
    assert document["operations"]["receive-in.press"]["action"] == "receive"
    assert document["servers"]["stream"]["protocol"] == "kafka-secure"
    text = json.dumps(document)
    assert "env:" not in text and "webhook_secret" not in text
    for reference in _references(document, inside=False):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(RULES).validate({**document, "operations": {"x": {"action": "publish"}}})


def _references(node: Any, *, inside: bool) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node and not inside:
            yield node["$ref"]
        for name, value in node.items():
            yield from _references(value, inside=inside or name == "schema")
    elif isinstance(node, list):
        for each in node:
            yield from _references(each, inside=inside)


def test_every_event_has_a_schema_that_stands_alone() -> None:
    for event in EVENT_PAYLOADS:
        jsonschema.Draft202012Validator.check_schema(whole_schema(event))
        for reference in _references(whole_schema(event), inside=False):
            assert reference.startswith("#/$defs/") and reference.removeprefix("#/$defs/") in whole_schema(event)["$defs"]


@contextmanager
def _registry(path: Path) -> Iterator[Any]:
    made = server(Registry(path=path), "127.0.0.1", 0)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()

    def call(method: str, where: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{made.server_address[1]}{where}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    try:
        yield call
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def asked(schema: Any) -> dict[str, str]:
    return {"schemaType": "JSON", "schema": json.dumps(schema)}


def schema(required: tuple[str, ...] = (), **properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(required),
    }


def test_the_registry_speaks_confluents_api(tmp_path: Path) -> None:
    kept = tmp_path / "registry.json"
    first, wider = schema(("a",), a="string"), schema(("a",), a="string", b="string")
    demanding, narrower = schema(("a", "b"), a="string", b="string"), schema(())
    with _registry(kept) as call:
        subjects = call("GET", "/subjects")[1]
        assert len(subjects) == len(EVENT_PAYLOADS) and "crossdock.order.placed-value" in subjects
        latest = call("GET", "/subjects/crossdock.order.placed-value/versions/latest")[1]
        assert (latest["version"], latest["schemaType"]) == (1, "JSON")
        assert call("GET", f"/schemas/ids/{latest['id']}")[1]["schema"] == latest["schema"]
        assert call("POST", "/subjects/crossdock.order.placed-value/versions", asked(first))[0] == 422
        assert call("GET", "/subjects/none/versions") == (404, {"error_code": 40401, "message": "Subject 'none' not found."})
        assert call("POST", "/subjects/x-value/versions", {"schema": "{"})[1]["error_code"] == 42201
        status, answer = call("POST", "/subjects/x-value/versions", asked(first))
        assert status == 200
        assert call("POST", "/subjects/x-value/versions", asked(first)) == (200, answer)
        judge = "/compatibility/subjects/x-value/versions/latest"
        for level, good, bad in (
            ("BACKWARD", [wider, schema((), a="string")], [demanding, schema(("a",), a="integer")]),
            ("FORWARD", [wider, demanding], [narrower, schema((), a="string")]),
            ("FULL", [wider], [demanding, narrower]),
        ):
            assert call("PUT", "/config/x-value", {"compatibility": level})[0] == 200
            for each in good:
                assert call("POST", judge, asked(each))[1]["is_compatible"], (level, each)
            for each in bad:
                assert not call("POST", judge, asked(each))[1]["is_compatible"], (level, each)
                assert call("POST", "/subjects/x-value/versions", asked(each))[0] == 409
        assert call("PUT", "/config/x-value", {"compatibility": "SOMEHOW"})[1]["error_code"] == 42203
        assert call("POST", "/subjects/x-value/versions", asked(wider))[0] == 200
    with _registry(kept) as call:
        assert call("GET", "/subjects/x-value/versions")[1] == [1, 2]
        assert call("GET", "/subjects/x-value/versions/9")[1]["error_code"] == 40402
        assert call("GET", "/config/x-value")[1] == {"compatibilityLevel": "FULL"}
