"""The carrier process: started when needed, gone when idle, restarted after a crash, never a request twice, never a job forgotten."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from crossdock.connectors.carrier import process as process_module
from crossdock.connectors.carrier.connector import CarrierConnector
from crossdock.connectors.carrier.errors import CarrierProcessDown, CarrierSoftwareMissing
from crossdock.connectors.carrier.process import CarrierProcess, ProcessLost
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, TargetUnavailable
from crossdock.core.outcomes import Accepted, EffectFound
from crossdock.simulators.carrier import DhlExpress, Ups
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.testing import InMemoryHub, ManualClock, ended_well, make_context
from tests.connectors.carrier.kits import booked, shipment


@pytest.fixture
def process() -> Iterator[CarrierProcess]:
    made = CarrierProcess(idle=30)
    yield made
    made.close()


@pytest_asyncio.fixture
async def ups() -> AsyncIterator[Ups]:
    simulator = Ups(FaultPlan(timeout_delay=30))
    async with simulator.running():
        yield simulator


def connector(url: str, process: CarrierProcess, carrier: str = "ups", **options: object) -> CarrierConnector:
    secrets = {"client_id": "client-id-tests", "client_secret": "client-secret-tests"}
    if carrier == "dhl":
        secrets = {"username": "dhl-user-for-tests", "password": "dhl-password-for-tests"}
    whole = {"carrier": carrier, "account_number": "A1B2C3", "label_format": "ZPL", "timeout": 10, **options}
    return CarrierConnector(make_context(CarrierConnector, endpoint=url, options=whole, secrets=secrets), process)


def book(number: int = 1) -> Command:
    data = {"shipment": shipment(f"SH-{number}")}
    return Command(f"order/shop/{number}:shipment.book:1", "shipment.book", "carrier", f"order/shop/{number}", data)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_it_is_not_started_before_it_is_needed(ups: Ups, process: CarrierProcess) -> None:
    made = connector(ups.url, process)
    await made.start()
    assert (await made.probe()).healthy
    assert (await made.poll("tracking", {})).messages == ()
    assert isinstance(await made.deliver(Command("t", "shipment.track", "carrier", "k", {"tracking_number": "1Z"})), Accepted)
    assert process.pid is None
    assert isinstance(await made.deliver(book()), Accepted)
    assert process.pid is not None
    await made.context.http.close()


async def test_it_ends_when_idle_and_comes_back(ups: Ups) -> None:
    process = CarrierProcess(idle=0.2)
    made = connector(ups.url, process)
    assert isinstance(await made.deliver(book(1)), Accepted)
    first = process.pid
    assert first is not None
    await until(lambda: not alive(first))
    assert process.pid is None
    assert isinstance(await made.deliver(book(2)), Accepted)
    assert process.pid not in (None, first)
    process.close()


async def test_all_systems_share_one_process(ups: Ups, process: CarrierProcess) -> None:
    async with DhlExpress().running() as url:
        one, other = connector(ups.url, process), connector(url, process, "dhl", account_number="123456789")
        assert isinstance(await one.deliver(book(0)), Accepted)
        outcomes = await asyncio.gather(*(c.deliver(book(number)) for number in range(1, 6) for c in (one, other)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(ups.effects_of("shipment_booked")) == 6
    assert ups.tokens_given == 1, "the token was not kept"


async def test_a_crash_while_booking_is_uncertain_and_the_booking_is_found(ups: Ups, process: CarrierProcess) -> None:
    made = connector(ups.url, process)
    assert isinstance(await made.deliver(book(1)), Accepted)
    ups.faults.script(Fault.TIMEOUT_AFTER, path="*/ship")
    command = book(2)
    delivery = asyncio.create_task(made.deliver(command))
    await until(lambda: booked(ups, command) == 1)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(AnswerLost):
        await delivery
    found = await made.find_effect(command)
    assert isinstance(found, EffectFound)
    assert found.ack["label_format"] == "ZPL"
    assert booked(ups, command) == 1


async def test_kill_at_random_instants_doubles_nothing_and_loses_nothing(ups: Ups, process: CarrierProcess) -> None:
    made = connector(ups.url, process, settle=0)
    hub = InMemoryHub(made, "carrier", ManualClock())
    commands = [book(number) for number in range(40)]
    ups.faults.latency = (0.01, 0.08)
    killed = 0

    async def kill() -> None:
        nonlocal killed
        while True:
            aim = len(ups.effects_of("shipment_booked")) + 9
            await until(lambda aim=aim: len(ups.effects_of("shipment_booked")) >= aim, 60)  # type: ignore[misc]
            if process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
                killed += 1

    gate = asyncio.Semaphore(4)

    async def settle(command: Command) -> bool:
        async with gate:
            for _ in range(20):  # a process that just died is not started again at once
                if ended_well(await hub.settle(command)):
                    return True
                await asyncio.sleep(0.2)
            return False

    killer = asyncio.create_task(kill())
    ended = await asyncio.gather(*(settle(command) for command in commands))
    killer.cancel()
    assert all(ended)
    assert [booked(ups, command) for command in commands] == [1] * len(commands)
    assert killed >= 3


async def test_a_carrier_that_trickles_does_not_hold_anybody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the socket's own time-out, so only the limit of the whole job ends it."""
    monkeypatch.setattr(process_module, "GRACE_SECONDS", 0.3)

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.1)

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    process = CarrierProcess(idle=30)
    made = connector(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", process, "dhl", timeout=0.8)
    started = time.monotonic()
    outcomes = await asyncio.gather(*(made.deliver(book(number)) for number in range(4)), return_exceptions=True)
    assert time.monotonic() - started < 5
    assert all(isinstance(outcome, AnswerLost) for outcome in outcomes), outcomes
    assert process.pid is None, "a process whose threads are all held is given up"
    process.close()
    server.close()


async def test_an_installation_without_karrio_says_so(process: CarrierProcess) -> None:
    with pytest.raises(CarrierSoftwareMissing, match="fedex"):
        await connector("http://127.0.0.1:9", process, "fedex", default_service="x").deliver(_plain())


def _plain() -> Command:
    return Command("c", "shipment.book", "carrier", "k", {"shipment": shipment(service_level="")})


async def test_a_process_that_cannot_start_is_an_outage_and_is_not_spun(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    code = f"open({str(starts)!r}, 'a').write('x'); raise SystemExit(1)"
    process = CarrierProcess([sys.executable, "-c", code])
    made = connector("http://127.0.0.1:9", process)
    for _ in range(5):
        with pytest.raises(CarrierProcessDown):
            await made.deliver(book())
    assert starts.read_text() == "x"
    with pytest.raises(CarrierProcessDown):
        await connector("http://127.0.0.1:9", CarrierProcess(["/no/such/program"])).deliver(book())


async def test_it_dies_with_the_hub(tmp_path: Path) -> None:
    """kill -9 of the parent: the input ends, and so does the process."""
    code = (
        "import asyncio, time\n"
        "from crossdock.connectors.carrier.process import CarrierProcess\n"
        "async def main():\n"
        "    process = CarrierProcess()\n"
        "    try: await process.do({'op': 'track', 'carrier': 'ups', 'settings': {}, 'payload': {}}, 20)\n"
        "    finally: print(process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert parent.stdout is not None
    child = int(await asyncio.to_thread(parent.stdout.readline))
    assert alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    await until(lambda: not alive(child))


SENTRY = """
class Span:
    def __enter__(self): return self
    def __exit__(self, *args): return False
    def set_data(self, *args): pass
def start_span(**kwargs): return Span()
def get_isolation_scope(): return None
"""


async def test_a_lost_answer_is_never_followed_by_a_second_request(
    ups: Ups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a Sentry SDK installed, karrio answers a broken connection by sending the same booking once more. Not in this process."""
    (tmp_path / "sentry_sdk.py").write_text(SENTRY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    process = CarrierProcess(idle=30)
    made = connector(ups.url, process, timeout=1.0)
    assert isinstance(await made.deliver(book(1)), Accepted)
    for number, fault in enumerate((Fault.RESET_AFTER, Fault.TIMEOUT_AFTER), 2):
        before = ups.requests
        ups.faults.script(fault, path="*/ship", count=1)
        with pytest.raises(AnswerLost):
            await made.deliver(book(number))
        assert ups.requests == before + 1
        assert booked(ups, book(number)) == 1
    process.close()


async def test_karrio_left_to_itself_does_send_twice(tmp_path: Path) -> None:
    """The reason for the test above; when this fails, karrio has mended it."""
    (tmp_path / "sentry_sdk.py").write_text(SENTRY)
    code = (
        "import urllib.error, karrio.sdk\n"
        "from karrio.core.utils import helpers\n"
        "sent = []\n"
        "def urlopen(request, timeout=None):\n"
        "    sent.append(request)\n"
        "    raise TimeoutError('no answer')\n"
        "helpers.urlopen = urlopen\n"
        "try: helpers.request(url='http://127.0.0.1:9/ship', method='POST', data='booking')\n"
        "except TimeoutError: pass\n"
        "print('sent', len(sent))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "sent 2" in done.stdout, done.stderr


async def test_a_lost_process_is_an_outage_for_a_question_and_uncertain_for_a_booking(process: CarrierProcess) -> None:
    class Lost(CarrierProcess):
        async def do(self, job: dict[str, object], timeout: float) -> dict[str, object]:
            raise ProcessLost("gone")

    made = connector("http://127.0.0.1:9", Lost())
    with pytest.raises(AnswerLost):
        await made.deliver(book())
    with pytest.raises(TargetUnavailable):
        await made.poll("tracking", {"open": {"1Z": {"code": "", "seen": []}}})
