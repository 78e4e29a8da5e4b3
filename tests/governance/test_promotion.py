"""Promotion and going back while messages flow: nothing lost, nothing doubled, every transaction by one bundle."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Site, free_port, until
from tests.governance.conftest import Desk

pytestmark = pytest.mark.slow

SENDERS = 4


class Sending:
    """Shops that send one order after the other, each until it is acknowledged."""

    def __init__(self, sites: list[Site], prefix: str) -> None:
        self.acknowledged: list[str] = []
        self.answers: set[int] = set()
        self._enough = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(sites[n % len(sites)], f"{prefix}{n}"), daemon=True) for n in range(SENDERS)
        ]
        for each in self._threads:
            each.start()

    def _send(self, site: Site, prefix: str) -> None:
        number = 0
        while not self._enough.is_set():
            number += 1
            order = f"{prefix}{number:04}"
            status, _ = site.post(site.order(order))
            self.answers.add(status)
            if status == 202:
                self.acknowledged.append(order)
            self._enough.wait(0.02)  # a pace the receiver's rate bears

    def end(self) -> None:
        self._enough.set()
        for each in self._threads:
            each.join(30)
            assert not each.is_alive()


def told(desk: Desk, bundle: str) -> bool:
    return bundle[:12] in (desk.site.root / "hub.log").read_text().split("hands over to")[-1]


def carried(sending: Sending, amount: int) -> None:
    begun = len(sending.acknowledged)
    until(lambda: len(sending.acknowledged) > begun + amount, "more orders", 60)


def test_promoted_and_rolled_back_under_load(desk: Desk) -> None:
    site, partner = desk.site, desk.site.partner
    first = site.up()["bundle"]
    sending = Sending([site], "31")
    carried(sending, 20)
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 900")
    second = desk.promote(desk.bundle("v1"))
    assert second.code == 1, "who changes what a system bears needs an approval"
    second = desk.promoted(desk.bundle("v2", approved=("bob",)))
    assert [each["risk"] for each in second["changes"]] == ["connectivity"]
    until(lambda: told(desk, second["bundle"]), "the second bundle runs")
    carried(sending, 20)
    assert desk.run("status", "--json").code == 0
    back = desk.run("promote", "--rollback", "--env", "development", "--json")
    assert back.json["error"]["code"] == "release.nothing_earlier", "the folder's own files were never promoted"
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 800")
    third = desk.promoted(desk.bundle("v3", approved=("bob",)))
    until(lambda: told(desk, third["bundle"]), "the third bundle runs")
    carried(sending, 20)
    back = desk.run("promote", "--rollback", "--env", "development", "--json").json
    assert back["bundle"] == second["bundle"]
    until(lambda: told(desk, second["bundle"]), "the second bundle runs again")
    carried(sending, 20)
    sending.end()
    assert sending.answers == {202}, "nobody is turned away while one hub hands over to the next"
    until(lambda: all(partner.effects[number] for number in sending.acknowledged), "every order at the partner")
    assert {partner.effects[number] for number in sending.acknowledged} == {1}
    until(lambda: all(site.delivered(number) for number in sending.acknowledged), "every answer recorded")
    bundles = {row[0] for row in site.rows("SELECT DISTINCT bundle FROM ledger_message")}
    assert bundles == {each[:16] for each in (first, second["bundle"], third["bundle"])}
    assert site.exceptions() == []
    # it starts with what was promoted, not with the folder's files
    assert site.stop(signal.SIGTERM) == 0
    assert site.up()["bundle"] == second["bundle"]
    assert site.stop(signal.SIGTERM) == 0
    assert site.run("audit", "verify").code == 0
    deeds = site.rows("SELECT data FROM ledger_instruction WHERE data LIKE '%person:release:promoted%'")
    assert len(deeds) == 3


def test_files_of_a_release_that_somebody_changes_do_not_run(desk: Desk) -> None:
    site = desk.site
    site.up()
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 900")
    promoted = desk.promoted(desk.bundle("v2", approved=("bob",)))["bundle"]
    until(lambda: told(desk, promoted), "the bundle runs")
    site.stop()
    [place] = (site.root / "releases").glob(f"{promoted[:16]}*")
    file = place / "systems/receiver.yaml"
    file.write_text(file.read_text().replace("rate: 900", "rate: 1"))
    assert site.up()["bundle"] == promoted
    assert "rate: 900" in file.read_text()


def test_a_bundle_that_cannot_run_here_is_told_and_the_present_one_goes_on(desk: Desk) -> None:
    """Another machine promoted it, whose bindings are sound; this one's are not any more."""
    site = desk.site
    first = site.up()["bundle"]
    other = Desk(Site(site.root.parent / "other" / "hub", site.partner, extra=dict(site.extra)), desk.work, desk.keys)
    shutil.copytree(site.root, other.site.root, ignore=shutil.ignore_patterns("var"))
    other.site.extra["CROSSDOCK_LEDGER"] = f"sqlite:///{site.root}/var/ledger.sqlite3"
    bindings = site.root / "environments/development.yaml"
    sound = bindings.read_text()
    bindings.write_text(sound + "nonsense: true\n")
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 900")
    promoted = other.promoted(desk.bundle("v2", approved=("bob",)))["bundle"]
    until(lambda: not site.settled("release.not_running"), "somebody is told")
    assert site.post(site.order("3301"))[0] == 202
    until(lambda: site.partner.effects["3301"], "the order at the partner")
    assert site.rows("SELECT DISTINCT bundle FROM ledger_message") == [(first[:16],)]
    bindings.write_text(sound)
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 800")
    last = other.promoted(desk.bundle("v3", approved=("bob",)))["bundle"]
    until(lambda: told(desk, last), "the last bundle runs")
    until(lambda: site.settled("release.not_running"), "it is settled")
    assert promoted[:12] not in (site.root / "hub.log").read_text().split("hands over to")[-1]


@contextmanager
def another(site: Site) -> Iterator[Site]:
    """One more worker on the same ledger."""
    second = Site(site.root, site.partner, free_port(), extra=site.extra)
    with (site.root / "hub.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "crossdock", "up", "--port", str(second.port), "--json"],
            cwd=site.root, env=second.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    try:
        until(second.ready, "the second worker is ready", 30)
        yield second
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()


@pytest.mark.postgresql
def test_two_workers_take_it_up_without_losing_or_doubling_anything(desk: Desk, postgresql_url: str) -> None:
    site, partner = desk.site, desk.site.partner
    site.extra["CROSSDOCK_LEDGER"] = postgresql_url
    site.up()
    with another(site) as beside:
        sending = Sending([site, beside], "32")
        carried(sending, 20)
        desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 900")
        promoted = desk.promoted(desk.bundle("v2", approved=("bob",)))["bundle"]
        log = Path(site.root / "hub.log")
        until(lambda: log.read_text().count(f"hands over to {promoted[:12]}") == 2, "both workers run it", 30)
        carried(sending, 30)
        sending.end()
        assert sending.answers == {202}
        until(lambda: all(partner.effects[number] for number in sending.acknowledged), "every order at the partner", 60)
        assert {partner.effects[number] for number in sending.acknowledged} == {1}
    with psycopg.connect(postgresql_url) as connection:
        mixed = connection.execute(
            "SELECT i.key FROM ledger_instance i JOIN ledger_event e ON e.key=i.key JOIN ledger_message m ON m.id=e.message_id "
            "GROUP BY i.key HAVING COUNT(DISTINCT i.bundle)>1"
        ).fetchall()
    assert mixed == []
    assert site.exceptions() == []
