"""The demo as a newcomer meets it: it says what to try next, ends with Ctrl-C, and counts nothing as lost that is on its way."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import until

pytestmark = pytest.mark.slow

FIGURES = {
    "orders",
    "delivered",
    "lost",
    "doubled",
    "order_violations",
    "uncertain_open",
    "exceptions",
    "messages_per_second",
    "mishaps",
    "purchases",
    "purchases_done",
    "stock_differences",
}
TERMINAL = {**{name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}, "COLUMNS": "80"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A demo without a number of orders, on a terminal of 80 columns, and what it prints."""
    said = tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "crossdock", "demo", "--rate", "5"], env=TERMINAL, stdout=out, stderr=out
        )
        yield process, said
        if process.poll() is None:
            process.kill()
            process.wait()


def test_ctrl_c_ends_it_well_and_its_hints_can_be_copied(running: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, said = running
    hints = until(
        lambda: (found := re.findall(r"in another terminal: (.*trace .*)\n", said.read_text())) and found, "a command to try", 30
    )
    words = shlex.split(hints[0])[1:]
    done = subprocess.run([sys.executable, "-m", "crossdock", *words], env=TERMINAL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "received" in done.stdout
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, said.read_text()
    summary = " ".join(said.read_text().split())
    assert " 0 lost, 0 doubled" in summary
    assert not Path(words[words.index("-L") + 1]).exists(), "the temporary folder is gone"


def test_with_a_number_of_orders_it_ends_by_itself_and_prints_what_happened() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crossdock", "demo", "--orders", "5", "--json"],
        env=TERMINAL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert set(report) >= FIGURES
    assert (report["orders"], report["delivered"], report["lost"], report["doubled"], report["under_way"]) == (5, 5, 0, 0, 0)
    assert (report["mishaps"], report["stock_differences"]) == (1, 0)
    assert (report["purchases"], report["purchases_done"]) == (1, 1)
