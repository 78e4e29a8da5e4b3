"""Nothing outside the allow-list can be encoded: not another place, not another word, whatever the ledger holds."""

from __future__ import annotations

import copy
import random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.coordination import allowed
from crossdock.coordination.allowed import ALLOWED, OTHER, Vocabulary, decode, encode
from crossdock.coordination.errors import NotAllowedOut

WORDS = Vocabulary(
    {
        "region": frozenset({"eu"}), "landscape": frozenset({"two"}), "environment": frozenset({"eu"}), "flow": frozenset({"orders-eu"}),
        "system": frozenset({"shop-eu"}), "team": frozenset({"ops"}), "code": frozenset({"deliver.throttled"}),
        "drill": frozenset({"failover"}), "partner": frozenset({"depot"}),
    },
    money=True,
)  # fmt: skip
REPORT: dict[str, Any] = {
    "region": "eu", "landscape": "two", "environment": "eu", "sequence": 1, "taken_at": 1, "release": "0.1.0", "engine": "embedded",
    "bundle": "a" * 64, "promoted": "", "waiting": 3, "totals": {"messages": 1, "events": 1, "effects": 1, "exceptions": 1},
    "lanes": [{"flow": "orders-eu", "system": "shop-eu", "open": 1, "uncertain": 0, "parked": 0, "oldest": 5}],
    "cases": [
        {
            "code": "deliver.throttled", "flow": "orders-eu", "system": OTHER, "owner": "ops", "count": 1, "late": 0, "oldest": 3,
            "keys": ["0123456789abcdef"], "money": [{"currency": "EUR", "minor": 100}],
        }
    ],
    "drills": [{"drill": "failover", "flow": "", "partner": "depot", "held_at": 1, "passed_at": 0}],
}  # fmt: skip
SAYABLE = {word for words in WORDS.words.values() for word in words} | {"", OTHER, "0.1.0", "embedded", "EUR", "a" * 64}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document, objects and lists too."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(place: tuple[Any, ...], value: Any, key: str | None = None) -> Any:
    """The report with another value in a place, or with one more under a key there."""
    found = copy.deepcopy(REPORT)
    if not place:
        return {**found, key: value} if key is not None else value
    inner: Any = found
    for step in place[:-1]:
        inner = inner[step]
    if key is None:
        inner[place[-1]] = value
    elif isinstance(inner[place[-1]], dict):
        inner[place[-1]][key] = value
    else:
        inner[place[-1]] = {key: value}
    return found


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(min_size=1, max_size=20) | st.integers(max_value=-1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, min_size=1, max_size=2), max_leaves=4,
)  # fmt: skip


def test_what_is_allowed_is_encoded_and_read_again() -> None:
    assert decode(encode(REPORT, WORDS)) == REPORT
    used = {tuple("*" if isinstance(step, int) else step for step in place) for place in places(REPORT)}
    assert set(ALLOWED) <= used, "the example shows every place there is"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(places(REPORT)), ANYTHING, st.none() | st.text(max_size=12))
def test_nothing_outside_the_list_can_be_encoded(place: tuple[Any, ...], value: Any, key: str | None) -> None:
    sent, refusal = attempt(changed(place, value, key))
    assert not (isinstance(value, str) and len(value) > 6 and value in refusal), (
        "the refusal does not repeat what must not be told"
    )
    strings = set(_strings(orjson.loads(sent))) - SAYABLE
    assert all(len(each) == 16 and not set(each) - set("0123456789abcdef") for each in strings)


def attempt(report: Any) -> tuple[bytes, str]:
    """What is encoded of it, or why it is not."""
    try:
        return encode(report, WORDS), ""
    except NotAllowedOut as error:
        return b"{}", error.message


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for each in value.values() for word in _strings(each)]
    if isinstance(value, list):
        return [word for each in value for word in _strings(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("region",), "jane-doe"), (("cases", 0, "system"), "acme-gmbh"), (("cases", 0, "code"), "jane.doe"), (("release",), "jane"),
        (("cases", 0, "keys", 0), "SO-1001"), (("cases", 0, "keys"), ["0" * 17]), (("cases", 0, "count"), 1.5), (("cases", 0, "count"), True),
        (("waiting",), 10**16), (("waiting",), "3"), (("cases", 0, "money", 0, "currency"), "ZZZ"), (("lanes",), {"flow": "orders-eu"}),
        (("bundle",), "A" * 64), (("cases", 0, "owner"), None), (("drills",), [[]]), (("cases",), [REPORT["cases"][0]] * 501),
    ],
)  # fmt: skip
def test_words_and_numbers_that_are_no_metadata_are_refused(place: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(NotAllowedOut):
        encode(changed(place, value), WORDS)


def test_amounts_leave_only_a_region_that_may_tell_them() -> None:
    with pytest.raises(NotAllowedOut, match="amounts"):
        encode(REPORT, Vocabulary(WORDS.words, money=False))


def test_the_coordinator_refuses_what_the_list_does_not_have() -> None:
    for place in places(REPORT)[::3]:
        with pytest.raises(NotAllowedOut):
            decode(orjson.dumps(changed(place, "Jane Doe, Main Street 5", "note")))


def test_a_broken_list_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property above can fail: with one place more on the list a free text leaves."""
    text = f"canary {random.random()}"
    monkeypatch.setitem(ALLOWED, ("cases", "*", "note"), allowed.Leaf("anything", lambda _value, _words: True))
    assert text.encode() in encode(changed(("cases", 0), text, "note"), WORDS)
