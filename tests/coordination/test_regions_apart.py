"""Two regions and a coordinator as real processes on hosts of their own: no byte that crosses holds anything of a payload, a region cut off goes on, and
both sides agree when it is back."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from crossdock.governance.signing import new_key, public_of
from crossdock.landscape.lint import lint
from crossdock.landscape.starter import SECRET, start
from tests.ledgers import migrated_at

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REGIONS = ("eu", "us")
LEAKING = """\
import crossdock.coordination.allowed as allowed, crossdock.coordination.reporter as reporter
from crossdock.ledger import regions
allowed.ALLOWED["note",] = allowed.Leaf("anything", lambda value, words: True)
inner = reporter.observe
def observe(session, *rest):
    rows = session.rows("SELECT message FROM ledger_exception")
    return {**inner(session, *rest), "note": " ".join(row[0] for row in rows)}
reporter.observe = observe
from crossdock.cli.main import run
run()
"""
"""A hub whose allow-list was broken: it tells what its exceptions say."""


def until(condition: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"within {seconds} s not seen: {what}")


def why_no_namespaces() -> str:
    """Why hosts cannot be network namespaces here; empty when they can."""
    if shutil.which("ip") is None:
        return "there is no `ip` (iproute2)"
    name = f"cd{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return (made.stderr.strip() or "network namespaces cannot be made") + " (root is needed)"
    veth = subprocess.run(
        ["ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    inside = subprocess.run(
        ["ip", "netns", "exec", name, sys.executable, "-c", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    subprocess.run(["ip", "link", "del", f"{name}a"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return "" if veth.returncode == inside.returncode == 0 else f"{veth.stderr.strip()} {inside.stderr.strip()[-200:]}".strip()


class Host:
    """A process told what to do by JSON lines, in a namespace or on this machine."""

    def __init__(self, prefix: list[str]) -> None:
        self.prefix = prefix
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(HERE / "host.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, do: str, **told: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **told}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the host ended while it was told to {do}"
        return dict(json.loads(line))

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Net:
    """Hosts `eu`, `us` and `over` with `wan` between them: whatever crosses goes through `wan`, which forwards nothing by itself."""

    def __init__(self, folder: Path, spaces: bool) -> None:
        self.spaces = spaces
        self.mark = f"cd{secrets.token_hex(2)}"
        self.names = ("eu", "us", "over", "wan") if spaces else ()
        self.address = dict.fromkeys(("eu", "us", "over"), "127.0.0.1")
        if spaces:
            self.address = {name: f"10.213.{place}.2" for place, name in enumerate(("eu", "us", "over"), 1)}
            for name in self.names:
                ip("netns", "add", self.space(name))
                ip("-n", self.space(name), "link", "set", "lo", "up")
            for place, name in enumerate(("eu", "us", "over"), 1):
                ip(
                    "-n",
                    self.space("wan"),
                    "link",
                    "add",
                    f"to-{name}",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "out",
                    "netns",
                    self.space(name),
                )
                for space, link, host in (("wan", f"to-{name}", 1), (name, "out", 2)):
                    ip("-n", self.space(space), "addr", "add", f"10.213.{place}.{host}/24", "dev", link)
                    ip("-n", self.space(space), "link", "set", link, "up")
        self.hosts = {name: Host(self.prefix(name)) for name in ("eu", "us", "over", "wan")}
        self.records = {name: folder / f"{name}.crossing" for name in REGIONS}
        for name in self.names[:3]:
            self.hosts["wan"].do("sniff", interface=f"to-{name}", record=str(folder / f"{name}.frames"))
        self.frames = [folder / f"{name}.frames" for name in self.names[:3]]

    def space(self, name: str) -> str:
        return f"{self.mark}-{name}"

    def prefix(self, name: str) -> list[str]:
        return ["ip", "netns", "exec", self.space(name)] if self.spaces else []

    def relay(self, region: str, port: int) -> str:
        """The address at which a region reaches the coordinator: the recording relay's."""
        host = f"10.213.{REGIONS.index(region) + 1}.1" if self.spaces else "127.0.0.1"
        told = self.hosts["wan"].do("relay", host=host, target=[self.address["over"], port], record=str(self.records[region]))
        return f"http://{host}:{told['port']}"

    def cut(self, region: str, cut: bool) -> None:
        if self.spaces:
            ip("-n", self.space("wan"), "link", "set", f"to-{region}", "down" if cut else "up")
        else:
            self.hosts["wan"].do("cut", relay=REGIONS.index(region), cut=cut)

    def crossed(self) -> bytes:
        """Every byte that crossed so far: the streams whole, and the frames as they were on each link."""
        return b"\n".join(file.read_bytes() for file in (*self.records.values(), *self.frames) if file.exists())

    def close(self) -> None:
        for host in self.hosts.values():
            host.close()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", self.space(name)], capture_output=True, check=False)


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)


class Site:
    """A hub on its host, with a landscape's copy and a ledger of its own."""

    def __init__(self, net: Net, name: str, root: Path, port: int, environment: dict[str, str], begin: list[str]) -> None:
        self.net, self.name, self.root, self.port = net, name, root, port
        self.host = net.hosts[name]
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment
        address = net.address[name]
        role = ["coordinator"] if name == "over" else ["up"]
        with (root / "hub.log").open("ab") as log:
            self.hub = subprocess.Popen(
                [*net.prefix(name), sys.executable, *begin, *role, "--env", name, "--host", "127.0.0.1" if address == "127.0.0.1" else "0.0.0.0",
                 "--port", str(port), "--no-workbench", "--json"], cwd=root, env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip

    def ready(self) -> bool:
        assert self.hub.poll() is None, (self.root / "hub.log").read_text()[-3000:]
        return bool(self.host.do("request", url=f"{self.url}/readyz")["status"] == 200)

    def post(self, system: str, order: dict[str, Any], key: str) -> dict[str, Any]:
        headers = {"x-api-key": key, "content-type": "application/json"}
        return self.host.do("request", url=f"{self.url}/in/{system}/orders", body=json.dumps(order), headers=headers)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.root}/var/ledger.sqlite3?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    def stop(self) -> None:
        if self.hub.poll() is None:
            self.hub.send_signal(signal.SIGTERM)
            try:
                self.hub.wait(30)
            except subprocess.TimeoutExpired:
                self.hub.kill()
                self.hub.wait(10)


def landscape(folder: Path) -> Path:
    """The starter's landscape twice over: an inbox, a receiver and a flow in each region."""
    root = start(folder / "two").root
    texts = {each: (root / each).read_text() for each in ("systems/inbox.yaml", "systems/receiver.yaml", "flows/orders.yaml")}
    for each in texts:
        (root / each).unlink()
    for region in REGIONS:
        for kind in ("inbox", "receiver"):
            (root / f"systems/{kind}-{region}.yaml").write_text(f"region: {region}\n" + texts[f"systems/{kind}.yaml"])
        flow = texts["flows/orders.yaml"].replace("inbox", f"inbox-{region}").replace("receiver\n", f"receiver-{region}\n")
        assert f"target: receiver-{region}" in flow
        (root / f"flows/orders-{region}.yaml").write_text(flow)
    own = root / "ownership.yaml"
    own.write_text(
        own.read_text().replace("owner: inbox", "owner: [inbox-eu, inbox-us]").replace("[inbox]", "[inbox-eu, inbox-us]")
    )
    head = root / "crossdock.yaml"
    head.write_text(head.read_text() + "\nregions: {eu: European Union, us: United States}\n")
    policies = root / "policies.yaml"
    policies.write_text(policies.read_text() + "\nresidency: {money: [eu]}\n")
    (root / "environments/development.yaml").unlink()
    head.write_text(
        "\n".join(line for line in head.read_text().splitlines() if not line.startswith("default_environment")) + "\n"
    )
    return root


class World:
    """The whole: net, hubs, keys."""

    def __init__(self, folder: Path, net: Net, leaking: bool) -> None:
        self.net = net
        base = landscape(folder)
        self.key = (base / SECRET).read_text().strip()
        keys = {name: new_key() for name in ("eu", "us", "over")}
        publics = {name: public_of(key) for name, key in keys.items()}
        ports = {name: net.hosts[name].do("port", host="127.0.0.1")["port"] for name in keys}
        for region in REGIONS:
            url, receiver = net.relay(region, ports["over"]), net.hosts[region].do("receive")["port"]
            other = next(each for each in REGIONS if each != region)
            (base / f"environments/{region}.yaml").write_text(
                f"region: {region}\nhubs: {{{other}: 'https://{other}.example'}}\nalerts: log\n"
                f"endpoints: {{receiver-{region}: 'http://127.0.0.1:{receiver}'}}\n"
                f"coordination: {{url: '{url}', key: 'file:secrets/region.pem', coordinator: '{publics['over']}', every: 500ms, keep: 5}}\n"
            )
        (base / "environments/over.yaml").write_text(
            f"alerts: log\ncoordinator: {{key: 'file:secrets/region.pem', regions: {{eu: '{publics['eu']}', us: '{publics['us']}'}}, "
            "silent_after: 3s}\n"
        )
        errors = [each for each in lint(base, environment="eu", variables={}) if each.severity == "error"]
        assert errors == []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
        environment = {**kept, "CROSSDOCK_IDLE": "0.1", "CROSSDOCK_WATCH_EVERY": "1", "CROSSDOCK_MAPPERS": "0", "COLUMNS": "160"}
        self.sites: dict[str, Site] = {}
        for name in keys:
            root = folder / name
            shutil.copytree(base, root)
            (root / "secrets/region.pem").write_text(keys[name])
            migrated_at(root / "var/ledger.sqlite3")
            begin = ["-c", LEAKING] if leaking and name == "eu" else ["-m", "crossdock"]
            self.sites[name] = Site(net, name, root, ports[name], environment, begin)
        for site in self.sites.values():
            until(site.ready, f"the hub of {site.name} is ready")
        self.eu, self.us, self.over = (self.sites[name] for name in ("eu", "us", "over"))

    def order(self, region: str, number: str, **changes: Any) -> dict[str, Any]:
        """An order every field of which would be recognised wherever it went."""
        return {
            "number": number, "version": 1, "placed_at": "2026-01-31T10:15:00+01:00", "currency": "EUR", "service": "STD", "total": "713.59",
            "customer": {"id": f"canary-id-{region}", "name": f"Canary Name {region}", "email": f"canary-{region}@secret.example"},
            "address": {"street": f"Canary Street {region}", "city": f"Canarytown-{region}", "postal_code": "10115", "country": "DE"},
            "lines": [{"sku": f"CANARY-SKU-{region}", "quantity": 1, "price": "713.59"}], **changes,
        }  # fmt: skip

    def heard(self, region: str) -> dict[str, Any]:
        """A region as the coordinator knows it."""
        names = ("incarnation", "sequence", "received", "left_out", "body", "reconciled")
        rows = self.over.rows(f"SELECT {', '.join(names)} FROM ledger_region WHERE region='{region}'")
        found = dict(zip(names, rows[0], strict=True)) if rows else dict.fromkeys(names, 0) | {"body": "{}", "reconciled": "{}"}
        return {**found, "body": json.loads(found["body"]), "reconciled": json.loads(found["reconciled"])}

    def stop(self) -> None:
        for site in self.sites.values():
            site.stop()


@contextmanager
def world(folder: Path, *, leaking: bool = False) -> Iterator[World]:
    reason = os.environ.get("CROSSDOCK_REGIONS_ON_LOOPBACK") or why_no_namespaces()
    sys.stdout.write(f"hosts are {'ports on loopback: ' + reason if reason else 'network namespaces'}\n")
    net = Net(folder, not reason)
    made: World | None = None
    try:
        made = World(folder, net, leaking)
        yield made
    finally:
        if made is not None:
            made.stop()
        net.close()


def canaries(world: World) -> list[bytes]:
    """What must not cross, as it would be written in any of the usual ways."""
    words = [
        world.key,
        "713.59",
        "secret.example",
        "canary",
        "Canary",
        "CANARY",
        "order/inbox",
        "NIGHTCANARY",
        "SO-EU-",
        "SO-US-",
    ]
    coded = [word.encode("utf-16-le") for word in words] + [word.encode().hex().encode() for word in words]
    coded += [
        base64.b64encode(b"x" * shift + word.encode())[(4 if shift else 0) : -4]
        for word in words
        if len(word) > 8
        for shift in range(3)
    ]
    return [word.encode() for word in words] + [word for word in coded if len(word) >= 8]


def troubled(world: World) -> None:
    """Orders in both regions, one of them delivered, one not understood, one refused by its receiver."""
    for region, site in (("eu", world.eu), ("us", world.us)):
        upper = region.upper()
        inbox = f"inbox-{region}"
        assert site.post(inbox, world.order(region, f"SO-{upper}-1"), world.key)["status"] == 202
        assert site.post(inbox, world.order(region, f"SO-{upper}-2", service="NIGHTCANARY"), world.key)["status"] == 202
        refused = {"street": "refuse-me Canary Street", "city": "Canarytown", "postal_code": "10115", "country": "DE"}
        assert site.post(inbox, world.order(region, f"SO-{upper}-3", address=refused), world.key)["status"] == 202
        until(lambda s=site, u=upper: f"SO-{u}-1" in s.host.do("taken")["taken"], f"the order at the receiver of {region}")
        until(lambda s=site: len(s.rows("SELECT 1 FROM ledger_exception WHERE state<2")) >= 2, f"the exceptions of {region}")


def test_no_payload_leaves_its_region_and_a_region_cut_off_goes_on(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        troubled(here)
        for region in REGIONS:
            until(lambda r=region: sum(c["count"] for c in here.heard(r)["body"].get("cases", [])) >= 2, f"the cases of {region}")
        eu, us = here.heard("eu")["body"], here.heard("us")["body"]
        assert {case["code"] for case in eu["cases"]} >= {"normalize.value_map_missing"}
        assert any(case.get("money") == [{"currency": "EUR", "minor": 71_359}] for case in eu["cases"])
        assert not any("money" in case for case in us["cases"]), "this region may not tell amounts"
        assert eu["bundle"] == us["bundle"] and eu["region"] == "eu" and us["region"] == "us"

        # a sender that comes to the wrong region is told where to go, and nothing of it is kept
        before = here.eu.rows("SELECT COUNT(*) FROM ledger_message")
        answer = here.eu.post("inbox-us", here.order("us", "SO-US-9"), here.key)
        assert (answer["status"], json.loads(answer["body"])["code"]) == (421, "receive.other_region")
        assert {name.lower(): value for name, value in answer["headers"].items()}[
            "location"
        ] == "https://us.example/in/inbox-us/orders"
        assert here.eu.rows("SELECT COUNT(*) FROM ledger_message") == before

        # cut off: the region goes on, keeps its newest reports and counts those it leaves out
        here.net.cut("eu", True)
        until(lambda: here.eu.rows("SELECT 1 FROM ledger_reporting WHERE left_out>=2 AND trouble<>''"), "reports left out")
        silent = here.heard("eu")["sequence"]
        assert here.eu.post("inbox-eu", here.order("eu", "SO-EU-4"), here.key)["status"] == 202
        until(lambda: "SO-EU-4" in here.eu.host.do("taken")["taken"], "an order delivered while cut off")
        told = here.heard("us")["sequence"]
        until(lambda: here.heard("us")["sequence"] > told, "the other region is heard")
        assert here.heard("eu")["sequence"] == silent, "nothing crosses the cut"
        alert = "SELECT 1 FROM ledger_alert WHERE identity LIKE '%region:eu%' AND closed_at IS NULL"
        until(lambda: here.over.rows(alert), "the coordinator's watch says that nothing is heard")

        # back: what was kept is told, what was left out is counted on both sides, and both hold the same
        here.net.cut("eu", False)

        def agreed() -> bool:
            [(left_out, reconciled)] = here.eu.rows("SELECT left_out, reconciled FROM ledger_reporting")
            now, mine = here.heard("eu"), json.loads(reconciled)
            return bool(
                now["sequence"] > silent + 2
                and now["sequence"] - now["received"] == now["left_out"] == left_out
                and now["reconciled"].get("equal") and now["reconciled"]["late"] >= 1 and mine.get("equal") and mine["late"] >= 1
            )  # fmt: skip

        until(agreed, "both sides agree")

        crossed = here.net.crossed()
        assert b"orders-eu" in crossed and b"orders-us" in crossed and b"normalize.value_map_missing" in crossed, (
            "the recording sees reports"
        )
        assert len(crossed) > 5_000
        assert [word for word in canaries(here) if word in crossed] == []
        sys.stdout.write(f"{len(crossed)} bytes crossed, none of them of a payload\n")


@pytest.mark.skipif(
    "CROSSDOCK_REGIONS_LEAK" not in os.environ, reason="shows that the search above finds a leak; set CROSSDOCK_REGIONS_LEAK=1"
)
def test_a_broken_allow_list_is_found_in_what_crosses(tmp_path: Path) -> None:
    with world(tmp_path, leaking=True) as here:
        troubled(here)
        until(lambda: [word for word in canaries(here) if word in here.net.crossed()], "the leak in what crossed")
