"""A change on its way over the board to what runs: evidence by the hub, approvals, promotion; and everything that is refused on the way."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from crossdock.governance.signing import new_key, public_of
from tests.cli.conftest import until
from tests.governance.conftest import Desk

pytestmark = pytest.mark.slow


@pytest.fixture
def board(desk: Desk) -> Desk:
    """The desk, with a board whose key the environment trusts, and more people."""
    for name in ("board", "cid"):
        desk.keys[name] = new_key()
        desk.site.extra[f"KEY_{name.upper()}"] = desk.keys[name]
    bindings = desk.site.root / "environments/development.yaml"
    trusted = f'    - {{public: "{public_of(desk.keys["board"])}", name: board, may: [board]}}\n'
    trusted += f'    - {{public: "{public_of(desk.keys["cid"])}", name: cid, team: operations}}\n'
    bindings.write_text(bindings.read_text() + trusted + "  board: env:KEY_BOARD\n")
    for root in (desk.site.root, desk.work):
        policies = root / "policies.yaml"
        policies.write_text(
            policies.read_text()
            + "board:\n  owner: integration\n  emergency: {teams: [operations], review_within: 1s}\n"
            + "  standards: [{name: names, check: naming, owner: operations, kinds: [systems], pattern: '^[a-z]+$'}]\n"
        )
        head = root / "crossdock.yaml"
        head.write_text(head.read_text().replace("teams:\n", "teams:\n  operations: {title: Operations, alerts: integration}\n"))
        (root / "tests").mkdir()
        (root / "tests/sample.yaml").write_text(
            "system: inbox\nchannel: orders\ntopic: order\nevents:\n  - {type: order.placed, key: order/inbox/1001, "
            "fields: {ship_to.city: Berlin, lines.1.quantity.value: 2}}\nbody: "
            + (root / "samples/order.json").read_text().replace("\n", " ") + "\n"
        )  # fmt: skip
    return desk


def review(desk: Desk, *words: str, code: str = "") -> Any:
    done = desk.run("review", *words, "--json")
    if code:
        assert done.code != 0 and done.json["error"]["code"] == code, done.out + done.err
        return None
    assert done.code == 0, done.out + done.err
    return done.json


def opened(desk: Desk, name: str, *more: str) -> str:
    return str(review(desk, "open", str(desk.bundle(name)), "--reason", name, *more)["number"])


def test_a_broken_mapping_is_caught_by_replay_and_a_good_one_goes_over_the_board_into_operation(
    board: Desk, tmp_path: Path
) -> None:
    desk = board
    site = desk.site
    before = site.up()["bundle"]
    for number in ("4001", "4002"):
        assert site.post(site.order(number))[0] == 202
    until(lambda: site.delivered("4002"), "the orders are through", 60)
    inbox = (desk.work / "systems/inbox.yaml").read_text()

    # broken: it reads a field no sender sends, and every message that was taken would be refused
    desk.edit("systems/inbox.yaml", "ship_to.city: address.city", "ship_to.city: address.town")
    broken = opened(desk, "broken")
    found = until(lambda: (one := review(desk, "show", broken))["evidence"] and one, "the hub attached the evidence", 60)
    assert (found["state"], found["evidence"]["replay"]["worse"] >= 2) == ("blocked", True), found["evidence"]
    assert not found["evidence"]["tests"]["passed"], "the users' own test sees it, too"
    assert "ada@example.com" not in str(found["evidence"])
    review(desk, "approve", broken, "--key", desk.key("bob"), "--differences-seen", code="review.evidence_against")
    desk.run("review", "show", broken, "--out", str(tmp_path / "x.bundle"))
    assert not (tmp_path / "x.bundle").exists()

    # wrong, but nobody is refused: what comes out differently has to be seen, by somebody who is not the author
    (desk.work / "systems/inbox.yaml").write_text(inbox)
    desk.edit("systems/inbox.yaml", "ship_to.city: address.city", "ship_to.city: address.street")
    silent = opened(desk, "silent", "--evidence")
    shown = review(desk, "show", silent)
    assert (shown["evidence"]["replay"]["differs"] >= 2, shown["evidence"]["replay"]["worse"]) == (True, 0)
    fields = [one["path"] for each in shown["evidence"]["replay"]["examples"] for one in each["differences"]]
    assert "order.placed ship_to.city" in fields
    assert "Hauptstr" not in str(shown["evidence"]["replay"])
    review(desk, "approve", silent, "--key", desk.key("bob"), code="review.evidence_against")  # the landscape's own test fails
    review(desk, "waive", "tests", silent, "--key", desk.key("cid"), "--note", "meant", code="review.waiver_refused")
    review(desk, "waive", "tests", silent, "--key", desk.key("bob"), "--note", "meant")
    review(desk, "approve", silent, "--key", desk.key("bob"), code="review.differences_unseen")
    review(desk, "reject", silent, "--key", desk.key("bob"), "--note", "the street is no city")
    review(desk, "approve", silent, "--key", desk.key("ann"), "--differences-seen", code="review.closed")

    # good
    (desk.work / "systems/inbox.yaml").write_text(inbox)
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 900")
    file = desk.bundle("good")
    refused = desk.promote(desk.bundle("bypass", approved=("bob",)))
    assert refused.json["error"]["code"] == "bundle.unapproved", "a key at the command line does not go round the board"
    good = str(review(desk, "open", str(file), "--reason", "more orders", "--evidence")["number"])
    review(desk, "open", str(file), "--reason", "again", code="review.open_already")
    desk.edit("systems/receiver.yaml", "title: Order", "title: Late order")
    late = opened(desk, "late")
    desk.edit("systems/receiver.yaml", "title: Late order", "title: Order")
    review(desk, "approve", good, "--key", desk.key("stranger"), code="review.not_a_reviewer")
    review(desk, "approve", good, "--key", desk.key("cid"), code="review.not_a_reviewer")
    review(desk, "show", good, "--out", str(tmp_path / "early.bundle"), code="review.closed")
    assert review(desk, "approve", good, "--key", desk.key("bob"))["state"] == "approved"
    review(desk, "approve", good, "--key", desk.key("bob"), code="review.decided_twice")
    whole = tmp_path / "approved.bundle"
    review(desk, "show", good, "--out", str(whole))
    report = desk.promoted(whole)
    assert [each["name"] for each in report["approvals"]] == ["bob"]
    until(lambda: report["bundle"][:12] in (site.root / "hub.log").read_text(), "it runs", 60)
    assert report["bundle"] != before
    assert review(desk, "show", good)["state"] == "promoted"
    review(desk, "approve", late, "--key", desk.key("bob"), code="review.stale")  # what runs is not what it was compared with
    lines = list(csv.DictReader(io.StringIO(desk.run("review", "log", "--format", "csv").out)))
    kinds = [each["kind"] for each in reversed(lines)]
    assert kinds == ["opened", "opened", "waived", "rejected", "opened", "opened", "approved", "promoted"]
    own = desk.bundle("own", by="ann")
    review(desk, "open", str(own), "--reason", "nothing", code="review.nothing_to_review")


def test_an_emergency_runs_at_once_and_somebody_is_told_when_its_review_is_overdue(board: Desk, tmp_path: Path) -> None:
    desk = board
    site = desk.site
    site.up()
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 900")
    own = str(review(desk, "open", str(desk.bundle("own", by="ann")), "--reason", "mine", "--evidence")["number"])
    review(desk, "approve", own, "--key", desk.key("ann"), code="review.own_change")
    review(desk, "emergency", own, "--key", desk.key("bob"), "--note", "now", code="review.no_emergency")
    assert review(desk, "emergency", own, "--key", desk.key("cid"), "--note", "the receiver drowns")["state"] == "owed"
    review(desk, "show", own, "--out", str(tmp_path / "now.bundle"))
    report = desk.promoted(tmp_path / "now.bundle")
    assert [each["name"] for each in report["approvals"]] == ["cid"]
    site.exception("review.overdue")
    [told] = [each for each in site.exceptions() if each["code"] == "review.overdue"]
    assert told["owner"] == "integration"
    assert review(desk, "approve", own, "--key", desk.key("bob"))["state"] == "promoted"
    until(lambda: site.settled("review.overdue"), "nobody is told any more", 60)
