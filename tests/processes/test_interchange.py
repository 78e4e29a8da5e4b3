"""The technical conversation with a partner as a pure function: numbers, owed answers, pairing, in any order of facts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.document_sent import DocumentSent
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.interchange import Interchange
from crossdock.core.process import Decided, Decision, Due, FlowContext, Happened
from crossdock.processes.interchange import InterchangeExchange, State

KEY = "edi/acme/x12-P"
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
PROCESS = InterchangeExchange()


def context(**settings_: Any) -> FlowContext:
    return FlowContext("edi", MappingProxyType({"partner": "acme"}), MappingProxyType(settings_), owner="ops")


def received(number: int, digest: str = "a", patience: int | None = 3600, **changes: Any) -> Happened:
    data = Interchange(
        standard="x12", version="00401", relation="r", sender="ACME", sender_qualifier="ZZ", receiver="US", receiver_qualifier="ZZ",
        control_number=f"{number:09d}", received_at=AT, owed=("997",), gap_patience=patience, **changes,
    )  # fmt: skip
    return Happened(Event(f"r/{number}#{digest}", "interchange.received", "acme", KEY, data, AT), AT)


def sent(number: int, *, within: timedelta | None = timedelta(hours=1), command: str = "invoice.send") -> Happened:
    data = DocumentSent(
        standard="x12", relation="r", document_type="810", document_number=f"INV-{number}", interchange_control=str(number), identities=(f"r/IN/{number}/0001", f"r/{number}"),
        sent_at=AT, acknowledge_by=AT + within if within else None, command=command, command_id=f"c{number}", key=f"order/shop/{number}", flow="sales",
    )  # fmt: skip
    return Happened(Event(f"sent/c{number}", "document.sent", "acme", KEY, data, AT), AT)


def answered(number: int, verdict: str = "accepted", level: str = "document", name: str = "") -> Happened:
    data = DocumentAcknowledgement(standard="x12", level=level, verdict=verdict, acknowledged_at=AT)
    references = (Reference("edi:sent", name or f"r/IN/{number}/0001"),)
    return Happened(Event(f"ack/{number}/{level}", "document.acknowledged", "acme", KEY, data, AT, references), AT)


def play(facts: list[Any], **settings_: Any) -> tuple[State, list[Decision[State]]]:
    state, decisions = PROCESS.initial(KEY), []
    for fact in facts:
        decision = PROCESS.decide(PROCESS.load(PROCESS.dump(state)), fact, context(**settings_))
        assert repr(decision) == repr(PROCESS.decide(PROCESS.load(PROCESS.dump(state)), fact, context(**settings_))), (
            "the same twice"
        )
        state = decision.state
        decisions.append(decision)
    return state, decisions


def test_what_is_owed_goes_back_once() -> None:
    _, [first, again] = play([received(1), received(1)])
    assert [(c.name, c.system, c.data["kind"]) for c in first.commands] == [("document.acknowledge", "acme", "997")]
    assert again.commands == () and "again" in again.notes[0]


def test_a_hole_is_waited_for_then_told_then_closed() -> None:
    state, decisions = play([received(1), received(5)])
    [timer] = decisions[1].expect
    assert timer.silent and timer.due == AT + timedelta(hours=1)
    late = PROCESS.decide(state, Due(timer.name, timer.due), context())
    assert [p.error.code for p in late.parked] == ["edi.number_missing"]
    middle = PROCESS.decide(late.state, received(3), context())
    assert middle.unparked == (timer.name,)
    assert sorted(p.error.detail["low"] for p in middle.parked) == [2, 4]
    rest = PROCESS.decide(PROCESS.decide(middle.state, received(2), context()).state, received(4), context())
    assert rest.state.gaps == ()


def test_a_partner_that_does_not_count_is_not_asked() -> None:
    _, decisions = play([received(1, patience=None), received(9, patience=None)])
    assert decisions[1].expect == ()


def test_a_person_may_settle_a_hole() -> None:
    state, decisions = play([received(1), received(3)])
    [timer] = decisions[1].expect
    state = PROCESS.decide(state, Due(timer.name, AT), context()).state
    settled = PROCESS.decide(state, Decided(timer.name, "settled", AT, reason="nothing was sent"), context())
    assert settled.unparked == (timer.name,) and settled.state.gaps == ()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["sent first", "answer first"])
def test_an_answer_finds_what_it_answers_whichever_is_known_first(order: tuple[int, int]) -> None:
    facts = [sent(7), answered(7)]
    state, decisions = play([facts[n] for n in order])
    told = [event for decision in decisions for event in decision.emitted]
    assert [(e.key, e.type) for e in told] == [("order/shop/7", "document.acknowledged")]
    assert state.outgone == () and state.early == ()
    waiting = [e.name for d in decisions for e in d.expect if e.name not in [n for x in decisions for n in x.fulfilled]]
    assert waiting == []


def test_that_it_arrived_is_not_that_it_is_accepted() -> None:
    state, decisions = play([sent(7), answered(7, level="interchange", name="r/7")])
    assert decisions[1].fulfilled == () and len(state.outgone) == 1
    state, decisions = play([sent(7), answered(7, "rejected", "interchange", "r/7")])
    assert [p.error.code for p in decisions[1].parked] == ["edi.refused_by_partner"] and state.outgone == ()


def test_who_looks_after_a_refusal() -> None:
    _, own = play([sent(7), answered(7, "rejected")])
    assert own[1].parked and own[1].fulfilled == ("acknowledged:c7",)
    _, others = play([sent(7, command="purchase_order.send"), answered(7, "rejected")])
    assert not others[1].parked and others[1].emitted


def test_only_its_own_keys_are_its_business() -> None:
    event = answered(1).event
    assert not PROCESS.elsewhere(event, context())
    assert PROCESS.elsewhere(Event("x", event.type, "acme", "order/shop/1", event.data, AT), context())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 1 << 30))
def test_in_any_order_every_answer_is_told_once_and_nothing_owed_twice(seed: int) -> None:
    chance = random.Random(seed)
    facts = [received(n) for n in range(1, 8)] + [sent(n) for n in range(1, 8)] + [answered(n) for n in range(1, 8)]
    facts += [received(chance.randint(1, 7)) for _ in range(3)] + [sent(chance.randint(1, 7)) for _ in range(2)]
    chance.shuffle(facts)
    state, decisions = play(facts)
    commands = [command.id for decision in decisions for command in decision.commands]
    assert len(commands) == len(set(commands)) == 7
    told = [event.id for decision in decisions for event in decision.emitted]
    assert sorted(set(told)) == sorted(f"ack/{n}/document/paired" for n in range(1, 8))
    assert state.gaps == (), "every number came"


def again(number: int, transmission: str, **changes: Any) -> Happened:
    fact = received(number, duplicate="same", transmission=transmission, **changes)
    event = fact.event
    return Happened(Event(f"r/{number}/again/{transmission}#a", event.type, event.source, event.key, event.data, AT), AT)


def test_an_interchange_sent_again_is_acknowledged_again_once_for_each_sending() -> None:
    _, decisions = play([received(1, transmission="one"), again(1, "one"), again(1, "two"), again(1, "three")])
    assert [len(each.commands) for each in decisions] == [1, 0, 1, 1]
    assert len({command.id for each in decisions for command in each.commands}) == 3
    assert not any(each.parked for each in decisions)


def test_a_message_id_that_brought_another_interchange_is_a_persons() -> None:
    _, [_, other, file] = play(
        [
            received(1, transmission="as2:<m1@acme>"),
            received(2, transmission="as2:<m1@acme>"),
            received(3, transmission="as2:<m2@acme>/1"),
        ]
    )
    [parked] = other.parked
    assert "Message-ID" in parked.error.message and other.commands, "both were taken, and both are acknowledged"
    assert not file.parked
    _, decisions = play([received(1, transmission="same name"), received(2, transmission="same name")])
    assert not any(each.parked for each in decisions), "other carriers' names may come again"


def test_a_receipt_that_refuses_our_acknowledgement_is_a_persons_and_says_what_it_is_about() -> None:
    note = DocumentSent(
        standard="x12", relation="r", document_type="997", interchange_control="9", identities=("r/9", "acme-abc"), sent_at=AT,
        command="document.acknowledge", command_id="a9", key=KEY, flow="edi",
    )  # fmt: skip
    told = Happened(Event("sent/a9", "document.sent", "acme", KEY, note, AT), AT)
    state, [_, good] = play([told, answered(9, level="transport", name="acme-abc")])
    assert not good.parked and not good.emitted
    state, [_, bad] = play([told, answered(9, "rejected", "transport", name="acme-abc")])
    [parked] = bad.parked
    assert "997" in parked.error.message and "control number 9" in parked.error.message
    assert not state.answers
    state, _ = play([told])
    assert not state.outgone, "acknowledgements are not waited for"
