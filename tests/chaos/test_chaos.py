"""Every fault on, workers killed at random instants: nothing is lost, doubled, out of order or left uncertain.

`CROSSDOCK_CHAOS_ORDERS` sets the number of orders for each ledger; `make chaos MINUTES=10` goes on for that long.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crossdock.cli.demo import PURCHASE_EVERY
from tests.chaos.storm import Outcome, Storm
from tests.postgresql import OwnServer

ORDERS = int(os.environ.get("CROSSDOCK_CHAOS_ORDERS", "60"))
BLOWS = 4 + ORDERS // 200
LIMIT = 110.0 + ORDERS * 0.6

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


def judge(outcome: Outcome) -> None:
    report = "\n".join(outcome.lines())
    assert outcome.verdict.orders == ORDERS, report
    assert outcome.verdict.purchases == ORDERS // PURCHASE_EVERY, report
    assert outcome.lost == (), report
    assert outcome.verdict.doubled == 0, report
    assert outcome.verdict.order_violations == 0, report
    assert not any(outcome.finance.values()), report
    assert outcome.verdict.returns >= ORDERS // 20, report
    assert outcome.uncertain_open == 0, report
    assert outcome.resent_blind == (), report
    assert outcome.told_twice == (), report
    assert outcome.forgotten == (), report
    assert outcome.open_deliveries == 0, report
    assert outcome.waiting == 0, report
    assert outcome.breaks == 0, report
    # it was a storm, and the machine got through it nearly alone
    assert sum(outcome.faults.values()) > ORDERS, report
    assert outcome.reconciled > 0, report
    assert outcome.killed >= 3, report
    assert outcome.struck, report
    assert outcome.with_people <= max(2, ORDERS // 50), report


async def test_one_worker_on_sqlite_killed_again_and_again(tmp_path: Path, figures: list[str]) -> None:
    storm = Storm(tmp_path, f"sqlite:///{tmp_path}/var/ledger.sqlite3", orders=ORDERS, blows=BLOWS)
    outcome = await storm.run(LIMIT)
    figures += outcome.lines()
    judge(outcome)


@pytest.mark.postgresql
async def test_two_workers_on_postgresql_one_killed_while_the_other_takes_over(
    tmp_path: Path, crashing: tuple[str, OwnServer | None], figures: list[str]
) -> None:
    url, server = crashing
    storm = Storm(tmp_path, url, orders=ORDERS, blows=BLOWS, workers=2, server=server)
    outcome = await storm.run(LIMIT)
    figures += outcome.lines()
    judge(outcome)
    assert max(outcome.taken_over) < 10, "with both cores busy; see tests/engine for the quiet figure"
