"""Sends notifications through Apprise in a process of its own: what hangs is killed, what leaks ends with it; it knows no ledger.

Reads a JSON list of `{"url": ..., "title": ..., "body": ..., "severity": ...}` on standard input, where secrets are not seen by other
programs, and writes a JSON list with an error text for each (empty: told).
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

log = logging.getLogger("crossdock.alerts")

EACH: Final = 20.0
"""Seconds one target may take to connect and to answer."""
AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Parcel:
    """One notification for one target, an Apprise URL; never shown, because URLs hold secrets."""

    url: str
    title: str
    body: str
    severity: str

    def __repr__(self) -> str:
        return f"Parcel({self.title!r})"


async def send(parcels: Sequence[Parcel], limit: float = 60.0) -> list[str]:
    """Send notifications; the error of each, empty when it was told. Never raises, and ends within `limit` seconds."""
    if not parcels:
        return []
    job = json.dumps([{"url": p.url, "title": p.title, "body": p.body, "severity": p.severity} for p in parcels]).encode()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock.monitoring.teller",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        return [f"the sending process cannot be started: {error.strerror}"] * len(parcels)
    try:
        answered, _ = await asyncio.wait_for(process.communicate(job), limit)
        found = json.loads(answered)
        return (
            [str(each) for each in found] if len(found) == len(parcels) else ["the sending process gave no answer"] * len(parcels)
        )
    except TimeoutError:
        return [f"no answer within {limit:.0f} s"] * len(parcels)
    except ValueError:
        return ["the sending process failed"] * len(parcels)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _tell(job: dict[str, Any]) -> str:
    """Send one notification to its target; why it was not told, else empty."""
    import apprise

    kinds = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
    asset = apprise.AppriseAsset(app_id="Crossdock", app_desc="Crossdock", async_mode=False, secure_logging=True)
    try:
        target = apprise.Apprise.instantiate(job["url"], asset=asset, suppress_exceptions=True)
        if target is None:
            return "the target is no Apprise URL"
        target.socket_connect_timeout = target.socket_read_timeout = EACH
        told = target.notify(
            body=job["body"], title=job["title"], notify_type=kinds.get(job["severity"], apprise.NotifyType.INFO),
            body_format=apprise.NotifyFormat.TEXT,
        )  # fmt: skip
    except Exception as error:  # a plugin of any service
        return f"sending failed: {type(error).__name__}"
    return "" if told else f"{target.service_name} refused it or cannot be reached"


def main() -> None:
    """Do the job on standard input."""
    logging.disable(logging.CRITICAL)  # what Apprise logs may hold addresses
    jobs = json.load(sys.stdin)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        json.dump(list(pool.map(_tell, jobs)), sys.stdout)


if __name__ == "__main__":
    main()
