"""The process that carries out schemas and rules, seen from outside: started when needed, stopped when it takes too long; knows no rule."""

from __future__ import annotations

import atexit
import json
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final

DOCUMENTS: Final = 2000
"""After so many documents the process is replaced, so that nothing it leaks adds up."""
MOST_ANSWER: Final = 8 << 20


class RulesUnavailable(RuntimeError):
    """The rules could not be carried out on this document."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule found: its set, its id, its words, and the path of the element."""

    rules: str
    id: str
    message: str
    path: str
    warning: bool


class Worker:
    """One process for one folder of rules; calls from several threads wait for each other."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._lock = Lock()

    def judge(self, data: bytes, sheets: Sequence[tuple[str, Path]], schema: Path | None) -> list[Judged]:
        """What the rules and the schema say. Raises `RulesUnavailable` when they did not end in time or the process died."""
        request = {
            "sheets": [[name, str(path)] for name, path in sheets],
            "schema": str(schema) if schema else "",
            "length": len(data),
        }
        with self._lock:
            answer = self._ask(json.dumps(request).encode() + b"\n" + data)
        if "error" in answer:
            raise RulesUnavailable(str(answer["error"]))
        return [Judged(*found) for found in answer["found"]]

    def _ask(self, request: bytes) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None or self._served >= DOCUMENTS:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._served += 1
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
            line = _line(self._process.stdout, self.seconds)
        except (OSError, TimeoutError, EOFError) as error:
            self._stop()
            why = f"did not end within {self.seconds:g} seconds" if isinstance(error, TimeoutError) else "ended unexpectedly"
            raise RulesUnavailable(f"the rules {why} on this document") from None
        found: dict[str, Any] = json.loads(line)
        return found

    def _start(self) -> None:
        self._stop()
        command = [sys.executable, "-m", "crossdock.edi.ubl.judge", str(self.folder)]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self._served = 0
        atexit.register(self._stop)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            atexit.unregister(self._stop)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()


def _line(stream: IO[bytes], seconds: float) -> bytes:
    """One line of a pipe, waited for no longer than `seconds`. Raises `TimeoutError`, `EOFError`."""
    until = time.monotonic() + seconds
    pieces: list[bytes] = []
    size = 0
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            raise TimeoutError
        piece = stream.read(1 << 16)
        if not piece:
            raise EOFError
        pieces.append(piece)
        size += len(piece)
        if size > MOST_ANSWER:
            raise EOFError
        if piece.endswith(b"\n"):
            return b"".join(pieces)
