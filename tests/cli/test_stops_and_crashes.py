"""A hub that is stopped ends cleanly; a hub that is killed at a bad moment loses nothing and doubles nothing."""

from __future__ import annotations

import signal

import pytest

from tests.cli.conftest import Site, until

pytestmark = pytest.mark.slow


def test_sigterm_ends_it_with_nothing_open(site: Site) -> None:
    announced = site.up()
    assert announced["url"] == site.url
    assert announced["bundle"]
    site.post(site.order("2001"))
    until(lambda: site.partner.effects["2001"], "the order at the partner")
    assert site.stop(signal.SIGTERM) == 0
    assert not site.ready()
    after = site.run("status", "--json").json
    assert (after["backlog"], after["deliveries"]) == (0, [])
    assert site.run("audit", "verify").code == 0
    # and Ctrl-C is the same
    site.up()
    assert site.stop(signal.SIGINT) == 0


def test_what_was_acknowledged_survives_kill_9(site: Site) -> None:
    numbers = [f"21{n:02}" for n in range(24)]
    site.up()
    for position, number in enumerate(numbers):
        status, answer = site.post(site.order(number))
        assert (status, answer["messages"][0]["status"]) == (202, "new")
        if position in (7, 15):
            assert site.stop(signal.SIGKILL) == -signal.SIGKILL
            site.up()
    site.stop(signal.SIGKILL)
    site.up()
    until(lambda: all(site.partner.effects[number] for number in numbers), "every order at the partner")
    assert {number: site.partner.effects[number] for number in numbers} == dict.fromkeys(numbers, 1)
    for number in numbers:
        assert site.post(site.order(number))[1]["status"] == "duplicate"
    until(lambda: all(site.delivered(number) for number in numbers), "every answer recorded")
    assert site.exceptions() == []
    assert site.stop(signal.SIGTERM) == 0
    assert site.run("audit", "verify").code == 0


def test_an_instruction_given_while_the_hub_is_down_is_carried_out_when_it_is_up(site: Site) -> None:
    site.partner.mode = "refuse"
    site.up()
    site.post(site.order("2201"))
    number = site.exception("deliver.refused")
    site.stop(signal.SIGTERM)
    site.partner.mode = "take"
    asked = site.run("exceptions", "retry", number, "--wait", "0")
    assert asked.code == 1
    assert "not carried it out yet" in asked.out
    assert site.partner.effects["2201"] == 0
    site.up()
    until(lambda: site.partner.effects["2201"] == 1, "the order at the partner")
