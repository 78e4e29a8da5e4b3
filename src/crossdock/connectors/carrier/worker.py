"""The carrier process: reads jobs as JSON lines, does them through karrio, writes answers. The only module that imports karrio.

It runs apart because importing karrio switches TLS verification off for the whole process (its helpers replace
`ssl._create_default_https_context`), because its requests block, and because its 50 MB are wanted only while something is booked.

A job: `{"id", "op", "carrier", "settings", "server_url", "timeout", "headers", "payload", "exact", "request"}`.
An answer: `{"id", "result", "messages", "calls", "problem"}`; the first line is `{"ready": true, "version": ...}`.
`op` is `book`, `cancel`, `track`, `rates` (karrio builds the request and reads the answer) or `call` (a request karrio does not know,
with the credential karrio keeps). It ends when its input ends, so it never outlives the hub.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import json
import os
import queue
import ssl
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO
from urllib.request import Request

from crossdock.connectors.carrier.dialects import Dialect, dialect_of
from crossdock.connectors.carrier.transport import Call, Job, Observed, current_job, is_effect, refuse_everything_else

THREADS = 8


def prepare() -> Any:
    """Import karrio and undo what the import does to the process. Returns its `sdk` module. Raises ImportError.

    - The default HTTPS context verifies again.
    - karrio sends a request a second time when its Sentry span fails half-way, time-outs included: a second booking. Without Sentry it
      sends once, so Sentry is made unavailable here.
    - Its log would carry payloads and addresses: off.
    - Its thread pools lose the context in which a request is observed: they keep it.
    """
    sys.modules["sentry_sdk"] = None  # type: ignore[assignment]
    os.environ["KARRIO_LOG_LEVEL"] = "CRITICAL"
    verifying = ssl.create_default_context
    import karrio.sdk as sdk
    from karrio.core.utils import helpers
    from loguru import logger

    ssl._create_default_https_context = verifying
    logger.remove()
    _keep_context_in_pools()
    setattr(helpers, "urlopen", Observed().open)  # noqa: B010
    refuse_everything_else()
    assert sdk.gateway.providers is not None
    return sdk


def _keep_context_in_pools() -> None:
    submit = ThreadPoolExecutor.submit

    def with_context(self: ThreadPoolExecutor, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return submit(self, contextvars.copy_context().run, fn, *args, **kwargs)

    setattr(ThreadPoolExecutor, "submit", with_context)  # noqa: B010


class Gateways:
    """karrio gateways by connection, so that tokens are fetched once. Thread-safe."""

    def __init__(self, sdk: Any) -> None:
        self._sdk = sdk
        self._known: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, job: dict[str, Any]) -> Any:
        """The gateway of a job's connection. Raises ImportError when the carrier's package is not installed."""
        key = self._key(job)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._make(job)
            return self._known[key]

    def drop(self, job: dict[str, Any]) -> None:
        """Forget a connection, and with it a token the carrier no longer takes."""
        with self._lock:
            self._known.pop(self._key(job), None)

    @staticmethod
    def _key(job: dict[str, Any]) -> str:
        whole = json.dumps([job["carrier"], job["settings"], job.get("server_url", "")], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()

    def _make(self, job: dict[str, Any]) -> Any:
        if job["carrier"] not in self._sdk.gateway.providers:
            raise ImportError(f"no karrio package for {job['carrier']!r} is installed")
        gateway = self._sdk.gateway[job["carrier"]].create(job["settings"])
        if job.get("server_url"):
            kind = type(gateway.settings)
            gateway.settings.__class__ = type(kind.__name__, (kind,), {"server_url": job["server_url"].rstrip("/")})
        return gateway


class Worker:
    """Does jobs with the help of karrio."""

    def __init__(self, sdk: Any) -> None:
        self._sdk = sdk
        self._gateways = Gateways(sdk)

    def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """Carry out one job; never raises."""
        dialect = dialect_of(job["carrier"])
        record = Job(time.monotonic() + float(job["timeout"]), dict(job.get("headers") or {}))
        if job["op"] == "book":
            record.amend = lambda method, url, body: dialect.amended(method, url, body, job.get("exact") or {})
        answer = self._attempt(job, dialect, record)
        if dialect.tokens and record.calls and is_effect(record.calls[0]) and record.calls[0].status == 401:
            self._gateways.drop(job)  # a kept token was refused, nothing was done: once more with a new one
            record.calls.clear()
            answer = self._attempt(job, dialect, record)
        return {**answer, "id": job["id"], "calls": [_call(call) for call in record.calls]}

    def _attempt(self, job: dict[str, Any], dialect: Dialect, record: Job) -> dict[str, Any]:
        token = current_job.set(record)
        try:
            result, messages = self._run(job, dialect)
        except ImportError as error:
            return {"result": None, "messages": [], "problem": f"package: {error}"}
        except Exception as error:  # karrio raises anything; what it means is read from the calls
            return {"result": None, "messages": [], "problem": type(error).__name__}
        finally:
            current_job.reset(token)
        return {"result": result, "messages": messages, "problem": ""}

    def _run(self, job: dict[str, Any], dialect: Dialect) -> tuple[Any, list[Any]]:
        gateway, payload = self._gateways.get(job), job.get("payload") or {}
        if job["op"] == "call":
            self._call(gateway, job["request"], dialect)
            return None, []
        action = {
            "book": self._sdk.Shipment.create,
            "cancel": self._sdk.Shipment.cancel,
            "track": self._sdk.Tracking.fetch,
            "rates": self._sdk.Rating.fetch,
        }[job["op"]]
        result, messages = action(payload).from_(gateway).parse()
        return _plain(result), _plain(messages or [])

    def _call(self, gateway: Any, request: dict[str, Any], dialect: Dialect) -> None:
        headers = {"accept": "application/json", "content-type": "application/json", **dialect.authorization(gateway)}
        body = json.dumps(request["body"]).encode() if request.get("body") is not None else None
        url = f"{gateway.settings.server_url}{request['path']}"
        with contextlib.suppress(OSError):  # an HTTP error is an answer; the record has it
            Observed().open(Request(url, data=body, headers=headers, method=request["method"]))  # noqa: S310


def _plain(value: Any) -> Any:
    import attr

    if isinstance(value, list):
        return [_plain(each) for each in value]
    return attr.asdict(value) if attr.has(type(value)) else value


def _call(call: Call) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": call.url,
        "sent": call.sent.decode("utf-8", "replace") if is_effect(call) else "",
        "status": call.status,
        "retry_after": call.retry_after,
        "answered": call.answered.decode("utf-8", "replace") if is_effect(call) else "",
        "failure": call.failure,
        "seconds": call.seconds,
    }


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Read jobs until the input ends; a job is done by the first free thread."""
    lock = threading.Lock()

    def write(value: dict[str, Any]) -> None:
        line = json.dumps(value, default=str).encode() + b"\n"
        with lock:
            outgoing.write(line)
            outgoing.flush()

    try:
        worker = Worker(prepare())
    except ImportError as error:
        write({"ready": False, "problem": str(error)})
        return
    from importlib.metadata import version

    write({"ready": True, "version": version("karrio")})
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            write(worker.do(jobs.get()))

    for number in range(THREADS):
        threading.Thread(target=work, name=f"carrier-{number}", daemon=True).start()
    for line in incoming:
        jobs.put(json.loads(line))


def main() -> None:
    """Serve on the inherited pipes; whatever prints to stdout goes to stderr instead, so that the answers stay clean."""
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, outgoing)
    sys.stderr.flush()
    os._exit(0)  # threads may still wait for a carrier; nobody waits for them any more


if __name__ == "__main__":
    main()
