"""A message's way through a record of the topic: nothing is lost, and no bytes make a reader fail in any other way than it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.protocol import Inbound
from crossdock.engine.kafka.place import Place, topic_name
from crossdock.engine.kafka.records import RecordMalformed, read, write
from crossdock.pipeline.intake import message_row

text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
rows = st.builds(
    lambda number, key, topic, body, headers, claim: message_row(
        number, 16, "shop", "orders", Inbound(topic, key, body, headers=headers), 1_700_000_000_000_000, "corr", "", claim
    ),
    st.integers(0, 2**63 - 1), text, text, st.binary(max_size=600), st.dictionaries(text, text, max_size=3), st.sampled_from(["", "sha256:00"]),
)  # fmt: skip


@given(rows, st.none() | rows)
def test_what_is_written_is_read(row, again) -> None:
    found, instead = read(write(row, again), row[1])
    assert found == row
    assert instead == (None if again is None else (again[0], row[1], *again[2:]))


@given(rows, st.data())
def test_a_damaged_record_is_malformed_or_still_a_message_of_its_partition(row, data) -> None:
    value = bytearray(write(row))
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    value = value[: data.draw(st.integers(0, len(value)))]
    try:
        found, _ = read(bytes(value), 3)
    except RecordMalformed:
        return
    assert found[1] == 3
    assert not any("\x00" in each for each in found if isinstance(each, str))


@given(st.binary(max_size=200))
def test_any_bytes_are_malformed_or_a_message(value) -> None:
    try:
        found, _ = read(value, 0)
    except RecordMalformed:
        return
    assert found[1] == 0


def test_what_no_ledger_can_keep_is_refused_before_it_is_written() -> None:
    row = message_row(1, 16, "shop", "orders", Inbound("a\x00b", "k", b"x"), 1, "c")
    with pytest.raises(RecordMalformed, match="zero"):
        write(row)


def test_nobody_sets_what_the_promises_rest_on() -> None:
    place = Place("b:1", "t", client={"acks": "1", "enable.idempotence": "false", "security.protocol": "SASL_SSL"})
    options = place.options(acks="all")
    assert options["acks"] == "all"
    assert "enable.idempotence" not in options
    assert options["security.protocol"] == "SASL_SSL"
    assert "SASL" not in repr(place)


def test_a_topic_is_named_as_kafka_allows() -> None:
    assert topic_name("Acme Ltd/ä", "prod") == "crossdock.Acme-Ltd--.prod"
