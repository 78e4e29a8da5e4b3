"""The overlay: exact numbers, closed transforms, all errors at once, and configuration mistakes found when the landscape is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.canonical.events import Event, Position, Reference
from crossdock.connectors.http_generic.connector import HttpConnector
from crossdock.connectors.http_generic.decoding import pieces
from crossdock.connectors.http_generic.options import HttpOptions
from crossdock.connectors.protocol import InboundRequest, StoredMessage
from crossdock.core.errors import DocumentUnknown, PayloadMalformed, SchemaInvalid, ValueMapMissing
from crossdock.overlay.paths import Scope, compile_path
from crossdock.overlay.rules import FieldRule
from crossdock.testing import make_context

FIELDS: dict[str, Any] = {
    "sku": "sku",
    "name": {"concat": {"of": ["brand", "title"], "with": " / "}},
    "price.amount": {"from": "price", "as": "decimal"},
    "price.currency": {"from": "currency", "default": "EUR"},
    "origin_country": {"from": "origin", "as": ["strip", "country"]},
    "unit": {"from": "uom", "as": {"value_map": "units"}, "default": "C62"},
    "weight_kg": {"from": ["weight.kg", "grams"], "as": "decimal"},
    "active": {"from": "state", "as": {"lookup": {"table": {"on": "true"}, "default": "false"}}},
    "identifiers": {
        "each": "codes",
        "when": {"path": "type", "one_of": ["ean", "gtin"]},
        "fields": {"scheme": {"const": "gtin"}, "value": "code"},
    },
}


def options(**changes: Any) -> dict[str, Any]:
    event = {"event": "product.changed", "key": "product/{sku}", "id": "{sku}/{rev}", "fields": FIELDS, **changes}
    channel = {"auth": {"kind": "api_key"}, "topic": "product"}
    return {"channels": {"in": channel}, "documents": {"product": event}}


def connector(config: dict[str, Any]) -> HttpConnector:
    maps = {"units": {"Stk": "C62", "kg": "KGM"}}
    return HttpConnector(
        make_context(HttpConnector, system="pim", options=config, secrets={"webhook_secret": "open-sesame"}, value_maps=maps)
    )


def stored(body: bytes | Any, topic: str = "product", **headers: str) -> StoredMessage:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return StoredMessage("u", "pim", "in", topic, raw, "application/json", headers, datetime(2026, 3, 4, tzinfo=UTC))


def one(body: bytes | Any, **changes: Any) -> Event:
    (event,) = connector(options(**changes)).normalize(stored(body))
    return event


async def test_a_document_is_mapped_field_by_field() -> None:
    codes = [{"type": "ean", "code": "4006381333931"}, {"type": "own", "code": "X"}]
    event = one(
        {
            "sku": 17,
            "rev": 3,
            "brand": "Stabilo",
            "title": "Boss",
            "price": "1.10",
            "origin": " deu ",
            "uom": "Stk",
            "grams": 30,
            "state": "on",
            "codes": codes,
        }
    )
    data: Any = event.data
    assert (data.sku, data.name, data.origin_country, data.unit, data.active) == ("17", "Stabilo / Boss", "DE", "C62", True)
    assert (data.price.amount, data.price.currency, data.weight_kg) == (Decimal("1.10"), "EUR", Decimal(30))
    assert [identifier.value for identifier in data.identifiers] == ["4006381333931"]
    assert (event.id, event.key, event.occurred_at) == (
        "pim/product.changed/17/3",
        "product/17",
        datetime(2026, 3, 4, tzinfo=UTC),
    )


async def test_an_object_with_nothing_but_constants_and_defaults_is_left_out() -> None:
    data: Any = one({"sku": "A", "rev": 1}).data
    assert data.price is None and data.unit == "C62"
    data = one({"sku": "A", "rev": 1, "price": 7}).data
    assert data.price.currency == "EUR"
    data = one({"sku": "A", "rev": 1}, fields={**FIELDS, "price.currency": {"const": "EUR"}}).data
    assert data.price is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**12), max_value=10**12))
def test_amounts_sent_as_json_numbers_stay_exact(amount: Decimal) -> None:
    data: Any = one(b'{"sku": "A", "rev": 1, "price": %b, "weight": {"kg": %b}}' % ((format(amount, "f").encode(),) * 2)).data
    assert data.price.amount == amount and data.weight_kg == amount


async def test_integers_beyond_64_bits_stay_exact_too() -> None:
    data: Any = one(b'{"sku": 123456789012345678901234567890, "rev": 1}').data
    assert data.sku == "123456789012345678901234567890"


async def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        one({"sku": ["A"], "rev": 1, "price": "12,50", "origin": "Atlantis", "codes": 5})
    assert {each["path"] for each in caught.value.detail["problems"]} == {"sku", "price.amount", "origin_country", "identifiers"}
    assert "not a decimal number" in caught.value.message


async def test_problems_inside_lists_say_which_element() -> None:
    changed = {
        **FIELDS,
        "identifiers": {"each": "codes", "fields": {"scheme": {"const": "gtin"}, "value": {"from": "code", "required": True}}},
    }
    with pytest.raises(SchemaInvalid) as caught:
        one({"sku": "A", "rev": 1, "codes": [{"code": "4006381333931"}, {"kode": "x"}]}, fields=changed)
    assert caught.value.detail["problems"] == [
        {"path": "identifiers.1.value", "message": "missing in the source (code)", "kind": "mapping"}
    ]


async def test_a_code_without_entry_names_map_and_value() -> None:
    with pytest.raises(ValueMapMissing) as caught:
        one({"sku": "A", "rev": 1, "uom": "Palette"})
    assert caught.value.detail == {"map": "units", "value": "Palette"}


@pytest.mark.parametrize(
    ("steps", "given_value", "expected"),
    [
        ({"decimal": {"mark": ",", "group": "."}}, "1.234.567,89", Decimal("1234567.89")),
        ({"decimal": {"mark": ",", "group": "'"}}, "-1'000,5", Decimal("-1000.5")),
        ({"shift": -2}, 1999, Decimal("19.99")),
        ("int", "42", 42),
        (["strip", "upper"], "  abc ", "ABC"),
        ("lower", "ABC", "abc"),
        ({"split": {"by": "-", "part": -1}}, "a-b-c", "c"),
        ({"split": {"by": "-", "part": 7}}, "a-b-c", None),
        ({"lookup": {"table": {"1": "one"}}}, 1, "one"),
        ({"prefix": "PO-"}, 7, "PO-7"),
        ({"reverse_map": "units"}, "KGM", "kg"),
        ("boolean", "yes", True),
        ("country", "Germany", "DE"),
        ({"date": {"format": "unix_ms"}}, 1772618400123, datetime(2026, 3, 4, 10, 0, 0, 123000, tzinfo=UTC)),
        ({"date": {"format": "%d.%m.%Y", "zone": "Europe/Berlin"}}, "04.07.2026", datetime(2026, 7, 3, 22, tzinfo=UTC)),
        ({"date": {"format": "%Y%m%d %H:%M", "zone": "Europe/Berlin", "write": True}}, "2026-03-04T10:00:00Z", "20260304 11:00"),
        ({"date": {"format": "unix", "write": True}}, "1969-12-31T23:59:58.5Z", -2),
    ],
)
async def test_the_transforms(steps: Any, given_value: Any, expected: Any) -> None:
    from crossdock.overlay.mapper import Mapper

    maps = connector(options()).context.value_maps
    found = Mapper({"x": FieldRule.model_validate({"from": "v", "as": steps})}, maps)({"v": given_value}, {}).get("x")
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("steps", "given_value", "words"),
    [
        ("decimal", "1e5", "not a decimal"),
        ("decimal", "NaN", "not a decimal"),
        ("decimal", True, "not a decimal"),
        ("int", "1.5", "not a whole number"),
        ("date", "2026-03-04T10:00:00", "say its `zone`"),
        ({"date": {"format": "%d.%m.%Y", "zone": "UTC"}}, "2026-03-04", "not a time in the format"),
        ({"lookup": {"table": {"a": "b"}}}, "z", "not in the table"),
        ("boolean", "perhaps", "neither true nor false"),
    ],
)
async def test_what_a_transform_cannot_read_is_said(steps: Any, given_value: Any, words: str) -> None:
    from crossdock.overlay.mapper import Mapper

    maps = connector(options()).context.value_maps
    with pytest.raises(SchemaInvalid, match=words):
        Mapper({"x": FieldRule.model_validate({"from": "v", "as": steps})}, maps)({"v": given_value}, {})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b.0.c", 1),
        ("a.b.-1.c", 2),
        ("a.b.9.c", None),
        ("notes[name=color].value", "red"),
        ("notes[name=size].value", None),
        ("/odd.name/x~1y", "yes"),
        (".", "ROOT"),
        ("$.a.b.0.c", 1),
        ("a.b.c", None),
        ("@system", "pim"),
    ],
)
async def test_paths(path: str, expected: Any) -> None:
    document = {"a": {"b": [{"c": 1}, {"c": 2}]}, "notes": [{"name": "color", "value": "red"}], "odd.name": {"x/y": "yes"}}
    found = compile_path(path)(document, Scope(document, {"system": "pim"}))
    assert found == (document if expected == "ROOT" else expected)


NUMBER = st.one_of(
    st.integers(), st.decimals(allow_nan=False, allow_infinity=False).map(str).filter(lambda t: "E" not in t or "." in t)
)


@given(
    st.lists(
        st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), NUMBER, max_size=3),
        max_size=4,
    )
)
def test_split_elements_keep_their_numbers_digit_by_digit(items: list[dict[str, Any]]) -> None:
    texts = ["{" + ",".join(f"{json.dumps(name)}:{_json_number(value)}" for name, value in item.items()) + "}" for item in items]
    found = pieces(('{"orders": [' + ", ".join(texts) + "]}").encode(), ["orders"])
    assert [json.loads(part, parse_float=str, parse_int=str) for part in found] == [
        {name: _json_number(value) for name, value in item.items()} for item in items
    ]


def _json_number(value: Any) -> str:
    written = str(value).lower().replace("e+", "e")
    return written.replace("-0e", "0e") if written.startswith("-0e") else written


def arrived(body: bytes, **headers: str) -> InboundRequest:
    return InboundRequest("in", {"x-api-key": "open-sesame", **headers}, body, datetime.now(UTC))


async def test_ndjson_and_arrays_become_one_message_each() -> None:
    config = options()
    config["channels"]["in"] |= {"format": "ndjson", "dedupe": {"paths": ["sku", "rev"]}}
    body = b'{"sku": "A", "rev": 1}\n\n{"sku":"A","rev":2}\r\n'
    found = connector(config).receive(arrived(body))
    assert [(m.dedupe_key, m.body) for m in found] == [
        ('product:["A","1"]', b'{"sku": "A", "rev": 1}'),
        ('product:["A","2"]', b'{"sku":"A","rev":2}\r'),
    ]
    config["channels"]["in"] |= {"format": "json", "split": "data.items", "dedupe": {"header": "X-Delivery"}}
    body = b'{"data": {"items": [{"sku": "A", "price": 1.10}, {"sku": "B"}]}}'
    found = connector(config).receive(arrived(body, **{"x-delivery": "d1"}))
    assert [(m.dedupe_key, m.body) for m in found] == [
        ("product:d1#1", b'{"sku":"A","price":1.10}'),
        ("product:d1#2", b'{"sku":"B"}'),
    ]


@pytest.mark.parametrize(
    ("change", "body", "words"),
    [
        ({"dedupe": {"paths": ["sku"]}}, b'{"no": 1}', "sku is missing"),
        ({"dedupe": {"header": "X-Delivery"}}, b"{}", "x-delivery is missing"),
        ({"topic": {"path": "kind"}}, b"{}", "topic is missing"),
        ({"split": "items"}, b'{"items": {}}', "no list at items"),
        ({"split": "."}, b"[1, 2", "not JSON"),
    ],
)
async def test_a_message_without_identity_topic_or_list_is_malformed(change: dict[str, Any], body: bytes, words: str) -> None:
    config = options()
    config["channels"]["in"] |= change
    with pytest.raises(PayloadMalformed, match=words):
        connector(config).receive(arrived(body))


async def test_conditions_choose_the_event_and_none_is_an_answer() -> None:
    config = options()
    cancelled = {
        "event": "order.cancelled",
        "when": {"path": "status", "equals": "void"},
        "references": [{"scheme": "{@system}:order", "value": "{no}"}],
        "position": {"stream": "{@system}/order/{no}", "number": "rev", "contiguous": True},
        "fields": {"number": "no", "cancelled_at": "@received_at"},
    }
    config["documents"]["*"] = [cancelled]
    hub = connector(config)
    (event,) = hub.normalize(stored({"status": "void", "no": 7, "rev": "3"}, "anything"))
    assert event.references == (Reference("pim:order", "7"),)
    assert event.position == Position("pim/order/7", 3, contiguous=True)
    assert hub.normalize(stored({"status": "open", "no": 7}, "anything")) == []
    with pytest.raises(DocumentUnknown):
        connector(options()).normalize(stored({}, "anything"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fields": {**FIELDS, "prise.amount": "price"}}, "did you mean 'price'"),
        ({"fields": {"name": "title"}}, "sku is required by product/1.0"),
        ({"fields": {**FIELDS, "identifiers": {"each": "c", "fields": {"skeme": "x"}}}}, "did you mean 'scheme'"),
        ({"event": "product.exploded"}, "no event 'product.exploded'"),
        ({"key": ""}, "give its `key`, or `references`"),
        ({"key": "product/{sku"}, "unbalanced braces"),
        ({"fields": {"sku": {"from": "a", "const": "b"}}}, "exactly one of from, const"),
        ({"fields": {"sku": {"from": "a", "as": "rot13"}}}, "rot13|Input should be"),
        ({"fields": {"sku": {"from": "a", "as": {"date": {"zone": "Mars/Olympus"}}}}}, "no time zone 'Mars/Olympus'"),
        ({"fields": {"sku": {"from": "a", "as": {"date": None}}}}, "date needs its parameters"),
        ({"fields": {"sku": "a[b"}}, "not a name, a number or"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
async def test_mistakes_in_the_configuration_are_found_when_it_is_read(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        HttpOptions.model_validate(options(**change))


async def test_a_topic_nobody_maps_and_commands_nobody_knows_are_found_too() -> None:
    config = options()
    config["channels"]["in"]["topic"] = "produkt"
    with pytest.raises(ValidationError, match="no document 'produkt'"):
        HttpOptions.model_validate(config)
    with pytest.raises(ValidationError, match=r"no command 'order\.creat'"):
        HttpOptions.model_validate({"commands": {"order.creat": {"path": "/x"}}})
    with pytest.raises(ValidationError, match="starts with `/`"):
        HttpOptions.model_validate({"commands": {"order.create": {"path": "https://elsewhere.example/x"}}})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"sku": "A\\u0000B", "rev": 1}', "a character that is none"),
        (b'{"sku": "A", "price": 1.5, "rev": 1, "x": "\\ud800"}', "surrogate"),
        (b'{"sku": "A", "rev": 1, "price": NaN}', "not JSON"),
        (b'{"sku": "A", "rev": 1, "x": "\xff"}', "not JSON"),
        ('{"sku": "A", "rev": 1}'.encode("utf-16"), "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
async def test_what_is_no_text_or_no_json_is_refused_by_both_readers(body: bytes, words: str) -> None:
    hub = connector(options())
    with pytest.raises(PayloadMalformed, match=words):
        hub.normalize(stored(body))
    hub.normalize(stored(b'{"sku": "A", "rev": 1, "price": 1.5}'))  # from here on the exact reader goes first
    with pytest.raises(PayloadMalformed):
        hub.normalize(stored(body))
    (event,) = hub.normalize(stored(b'{"sku": "\\\\u0000 \\ud83d\\ude00", "rev": 1}'))
    assert event.data.sku == "\\u0000 😀"  # type: ignore[attr-defined]
