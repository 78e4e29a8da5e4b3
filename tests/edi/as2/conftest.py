"""Keys of two partners, and two oracles: pyas2lib in an interpreter of its own, and `openssl cms`."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.keys import Keyring, read_certificates, read_identity
from crossdock.simulators.as2.certificates import make_identity

ROOT = Path(__file__).parents[3]


class Side:
    """One partner: its name, PEM and parsed identity."""

    def __init__(self, name: str, days: int = 365) -> None:
        self.name = name
        self.pem = make_identity(name, days=days)
        self.identity = read_identity(self.pem)
        self.certificate = read_certificates(self.pem)[0]
        begin = self.pem.index("-----BEGIN CERTIFICATE")
        self.certificate_pem = self.pem[begin:]


@pytest.fixture(scope="session")
def hub() -> Side:
    return Side("HUB")


@pytest.fixture(scope="session")
def partner() -> Side:
    return Side("Partner AG")


@pytest.fixture(scope="session")
def stranger() -> Side:
    return Side("Stranger")


@pytest.fixture(scope="session")
def hub_keys(hub: Side, partner: Side) -> Keyring:
    return Keyring([hub.identity], [partner.certificate])


@pytest.fixture(scope="session")
def partner_keys(hub: Side, partner: Side) -> Keyring:
    return Keyring([partner.identity], [hub.certificate])


@pytest.fixture
def agreements(hub: Side, partner: Side) -> Callable[..., tuple[Agreement, Agreement]]:
    """The same agreement as seen from the hub and from the partner."""

    def make(**settings: Any) -> tuple[Agreement, Agreement]:
        return Agreement(hub.name, partner.name, **settings), Agreement(partner.name, hub.name, **settings)

    return make


class Oracle:
    """pyas2lib (GPL) in a process of its own; only JSON crosses."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("pyas2_oracle.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for name in ("body",):
            if isinstance(request.get(name), bytes):
                request[name] = base64.b64encode(request[name]).decode()
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the oracle ended"
        said: dict[str, Any] = json.loads(line)
        assert "error" not in said, said["error"]
        return said

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _oracle_python() -> Path:
    """The oracle's interpreter, made once beside the tests' own; pyas2lib is never installed into ours."""
    place = Path(os.environ.get("CROSSDOCK_PYAS2_VENV", ROOT / ".venv" / "oracles" / "pyas2lib"))
    python = place / "bin" / "python"
    ready = place / "ready"
    if ready.exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True, timeout=120)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pyas2lib==1.4.4"],
            check=True, capture_output=True, timeout=240,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"pyas2lib cannot be installed into a venv of its own here: {type(error).__name__}")
    ready.touch()
    return python


@pytest.fixture(scope="session")
def pyas2():
    python = _oracle_python()
    tried = subprocess.run(
        [str(python), str(Path(__file__).with_name("pyas2_oracle.py"))], input="", capture_output=True, text=True, timeout=60
    )
    if tried.returncode:
        pytest.skip(f"pyas2lib does not run here: {tried.stderr.strip().splitlines()[-1]}")
    oracle = Oracle(python)
    yield oracle
    oracle.close()


@pytest.fixture(scope="session")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Runs `openssl cms`: files in, the output file's bytes out."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("the openssl program is not installed")
    place = tmp_path_factory.mktemp("openssl")

    def run(*arguments: str, **files: bytes | str) -> bytes:
        for name, content in files.items():
            (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([program, "cms", *arguments, "-out", "out"], cwd=place, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return (place / "out").read_bytes()

    return run
