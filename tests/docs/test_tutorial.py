"""The tutorial is carried out as it is printed: its files are written, its commands are run, and what it promises is seen."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from tests.cli.conftest import free_port, until

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-landscape.md"
FILE = re.compile(r"```yaml\n# file: (\S+)\n(.*?)```", re.DOTALL)


@dataclass
class Reader:
    """Somebody who follows the tutorial, with ports of their own."""

    folder: Path
    ports: dict[str, str]
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def own(self, text: str) -> str:
        for printed, free in self.ports.items():
            text = text.replace(printed, free)
        return text

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
        tools = Path(sys.executable).parent
        return {**kept, "PATH": f"{tools}:{kept['PATH']}", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}

    def start(self, name: str, command: str) -> Path:
        """Run a command in a terminal of its own; the file with what it prints."""
        log = self.folder / f"{name}.log"
        with log.open("a") as out:
            self.running[name] = subprocess.Popen(
                ["bash", "-c", f"exec {self.own(command)}"], cwd=self.place, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        return log

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.send_signal(signal.SIGINT)
        process.wait(20)

    @property
    def place(self) -> Path:
        hub = self.folder / "my-hub"
        return hub if hub.exists() else self.folder

    def shell(self, commands: str) -> str:
        """Run commands as printed; what they said."""
        done = subprocess.run(
            ["bash", "-c", self.own(commands)], cwd=self.place, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path, {printed: str(free_port()) for printed in ("8090", "8091", "8092")})
    yield made
    for process in made.running.values():
        process.kill()
        process.wait()


def blocks() -> list[tuple[str, str]]:
    """(file, content) of what the page has written, ("", commands) of what it has run, in its order."""
    found: list[tuple[str, str]] = []
    for position, piece in enumerate(FILE.split(PAGE.read_text(encoding="utf-8"))):
        if position % 3 == 1:
            found.append((piece, ""))
        elif position % 3 == 2:
            found[-1] = (found[-1][0], piece)
        else:
            found += [("", dedent(code)) for code in re.findall(r"(?:^ {4}.+\n)+", piece, re.MULTILINE)]
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tutorial sends with curl, which is not installed")
def test_the_tutorial_works_as_printed(reader: Reader) -> None:
    steps = iter(blocks())

    def command(beginning: str) -> str:
        file, code = next(steps)
        assert not file, f"expected {beginning}, found the file {file}"
        assert code.startswith(beginning), f"expected {beginning}, found {code}"
        return code

    def file(name: str) -> None:
        found, content = next(steps)
        assert found == name
        (reader.place / name).write_text(reader.own(content))

    def seen(log: Path, text: str) -> Callable[[], bool]:
        return lambda: text in log.read_text()

    # 1. make it
    made, entered, checked = command("crossdock init").splitlines()
    reader.shell(made)
    assert (reader.place.name, entered) == ("my-hub", "cd my-hub")
    assert "0 errors, 0 warnings" in reader.shell(checked)

    # 2. run it; the receiver's address is a port of this machine
    bindings = reader.place / "environments/development.yaml"
    bindings.write_text(reader.own(bindings.read_text()))
    up = command("crossdock up")
    reader.start("hub", up)
    send = command("curl -X POST")
    answer = until(lambda: (said := reader.shell(send)) and "{" in said and said, "an answer of the hub")
    assert '"status":"new"' in answer
    trace = command("crossdock trace 1001")
    until(lambda: "deferred" in reader.shell(trace), "the attempt that was deferred")
    log = reader.start("receiver", command("python receiver.py").strip() + f" {reader.ports['8091']}")
    until(seen(log, "received 1001"), "the order at the receiver", 60)
    assert '"status":"duplicate"' in reader.shell(send)
    time.sleep(0.5)
    assert log.read_text().count("received 1001") == 1

    # 3. break it
    system = reader.place / "systems/receiver.yaml"
    good = system.read_text()
    system.write_text(good.replace("owner:", "ownr:"))
    printed = command("systems/receiver.yaml:")
    assert printed.strip() in reader.shell("crossdock check")
    system.write_text(good)
    refused, listed = command("sed ").rsplit("\n", 2)[0], "crossdock exceptions list"
    assert '"status":"new"' in reader.shell(refused)
    waiting = until(lambda: (said := reader.shell(listed)) and "NIGHT" in said and said, "the order with a person")
    assert "value map 'service-levels' has no entry for code 'NIGHT'" in waiting

    # 4. mend it
    file("value-maps/service-levels.yaml")
    reader.stop("hub")
    reader.start("hub", up)
    number = re.findall(r"\b([0-9A-Z]{12})\b", waiting)[0]
    assert "done" in reader.shell(f"crossdock exceptions retry {number} --wait 30")
    until(seen(log, "received 1002"), "the order at the receiver", 60)

    # 5. and 6. a rule and a system
    file("rules/delivery-countries.yaml")
    assert "0 errors, 0 warnings" in reader.shell("crossdock check")
    file("systems/dashboard.yaml")
    file("environments/development.yaml")
    file("flows/dashboard.yaml")
    assert "0 errors, 0 warnings" in reader.shell("crossdock check")
    reader.stop("hub")
    reader.start("hub", up)
    dashboard = reader.start("dashboard", f"python receiver.py {reader.ports['8092']}")
    again = send.replace("@samples/order.json", "@-")
    until(lambda: '"status":"new"' in reader.shell(f"""sed 's/"1001"/"1003"/' samples/order.json | {again}"""), "accepted")
    until(seen(log, "received 1003"), "the order at the receiver", 60)
    until(seen(dashboard, "received 1003"), "the order at the dashboard", 60)
    abroad = """sed 's/"1001"/"1004"/; s/"DE"/"FR"/; s/"10115"/"75001"/' samples/order.json"""
    reader.shell(f"{abroad} | {again}")
    until(lambda: "We do not deliver to this country yet" in reader.shell(listed), "the rule's own words")

    # 7. see what changed
    told = reader.shell(command("crossdock init ../before"))
    assert "[connectivity]" in told
    assert "[flow]" in told
    assert "[rule]" in told
    assert list(steps) == []
