"""Real Kafka brokers for tests: Apache Kafka from Maven Central, in KRaft mode; fetched once into the user's cache, never into the repository."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path

VERSION = "3.9.1"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>crossdock.tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>
"""


class KafkaAbsent(Exception):
    """Why there is no broker for tests here."""


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "crossdock-tests" / f"kafka-{VERSION}"


@functools.cache
def jars() -> Path:
    """The folder with the broker's jars, fetched by Maven the first time. Raises `KafkaAbsent` with the reason."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise KafkaAbsent(f"no {program} on the path: install a JRE 17 and Maven to test with a real Kafka broker")
    folder = _cache()
    if not (folder / "complete").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            work = Path(temporary)
            (work / "pom.xml").write_text(POM)
            command = [
                "mvn",
                "-q",
                "-B",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={work}/jars",
            ]
            try:
                ended = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=120, check=False)
            except subprocess.TimeoutExpired:
                raise KafkaAbsent(f"Maven could not fetch Kafka {VERSION} within two minutes") from None
            if ended.returncode:
                lines = (ended.stdout + ended.stderr).strip().splitlines() or ["no word why"]
                raise KafkaAbsent(f"Maven could not fetch Kafka {VERSION}: {lines[0][:200]}")
            (work / "jars" / "complete").touch()
            with contextlib.suppress(OSError):  # somebody else was faster
                (work / "jars").rename(folder)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _java(heap: int) -> list[str]:
    # a short life: compiling well costs more than it brings
    tuned = [f"-Xmx{heap}m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
    return ["java", *tuned, "-cp", f"{jars()}/*"]


class Broker:
    """One node of a cluster, broker and controller in one. `start`, `kill` and `start` again on the same data."""

    def __init__(self, node: int, base: Path, port: int, control: int, voters: str, cluster: str, size: int) -> None:
        self.node = node
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._base = base / str(node)
        data = self.data = self._base / "data"
        data.mkdir(parents=True)
        copies = min(3, size)
        options: Mapping[str, object] = {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": voters,
            "listeners": f"CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{port}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": data,
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "controller.quorum.election.timeout.ms": 500,
            "controller.quorum.fetch.timeout.ms": 1500,
            "replica.lag.time.max.ms": 3000,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "background.threads": 2,
            "log.cleaner.enable": "false",
        }
        (self._base / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in options.items()))
        # what `kafka-storage format` writes, without a Java machine for each
        identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        (data / "meta.properties").write_text(f"version=1\ncluster.id={cluster}\nnode.id={node}\ndirectory.id={identity}\n")

    def start(self) -> None:
        """Start it; `Cluster.wait` says when it answers."""
        with (self._base / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_java(256), f"-Dkafka.logs.dir={self._base}", "kafka.Kafka", str(self._base / "server.properties")],
                stdout=log, stderr=log, cwd=self._base,
            )  # fmt: skip

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def said(self) -> str:
        """The end of its log."""
        return (self._base / "log").read_text(errors="replace")[-2000:]


class Cluster:
    """Brokers on this machine; forget everything when they are left."""

    def __init__(self, size: int) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="cdkafka"))
        identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        ports = [(_free_port(), _free_port()) for _ in range(size)]
        voters = ",".join(f"{node}@127.0.0.1:{control}" for node, (_, control) in enumerate(ports, 1))
        self.brokers = [
            Broker(node, self._base, port, control, voters, identity, size) for node, (port, control) in enumerate(ports, 1)
        ]

    @property
    def addresses(self) -> str:
        return ",".join(f"127.0.0.1:{each.port}" for each in self.brokers)

    def start(self) -> None:
        for each in self.brokers:
            each.start()
        self.wait(len(self.brokers))

    def wait(self, count: int, seconds: float = 120.0) -> None:
        """Wait until so many brokers are in the cluster."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        admin = AdminClient({"bootstrap.servers": self.addresses, "log_level": 0, "reconnect.backoff.max.ms": 200})
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for each in self.brokers:
                if each.process is not None and each.process.poll() is not None:
                    raise RuntimeError(f"broker {each.node} ended: {each.said()}")
            with contextlib.suppress(KafkaException):
                if len(admin.list_topics(timeout=1.0).brokers) >= count:
                    return
        raise TimeoutError(f"no cluster of {count} brokers; the first one said: {self.brokers[0].said()}")

    def controller(self) -> Broker:
        """The node whose metadata quorum the living ones follow."""
        votes: dict[int, int] = {}
        for each in self.brokers:
            if each.process is not None:
                state = json.loads((each.data / "__cluster_metadata-0" / "quorum-state").read_text())
                votes[state["leaderId"]] = votes.get(state["leaderId"], 0) + 1
        leader = max(votes, key=lambda node: votes[node])
        return next(each for each in self.brokers if each.node == leader)

    def remove(self) -> None:
        for each in self.brokers:
            each.kill()
        shutil.rmtree(self._base, ignore_errors=True)


@contextlib.contextmanager
def cluster(size: int) -> Iterator[Cluster]:
    """A running cluster of one's own. Raises `KafkaAbsent` where there can be none."""
    try:
        import confluent_kafka  # noqa: F401
    except ImportError:
        raise KafkaAbsent("confluent-kafka is not installed: pip install 'crossdock[kafka]'") from None
    jars()
    found = Cluster(size)
    try:
        found.start()
        yield found
    finally:
        found.remove()
