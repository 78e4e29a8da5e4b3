"""Asks an Odoo server for its version, time and health, without a credential; knows no model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from crossdock.connectors.http import HttpAnswer, HttpClient, raise_for_transport_status
from crossdock.connectors.odoo.errors import parse
from crossdock.core.errors import ContractBroken, TargetUnavailable

OLDEST = 16


@dataclass(frozen=True, slots=True)
class Version:
    """The server's version: the number that decides the wire, and its full text."""

    major: int
    text: str


def version_of(info: Any, text: Any) -> Version:
    """The version from `version_info` (`[19, 0, ...]`, or `["saas~18", 3, ...]` of Odoo Online). Raises `ContractBroken`."""
    head = info[0] if isinstance(info, list) and info else text
    digits = re.search(r"\d+", str(head))
    if digits is None:
        raise ContractBroken("the endpoint does not say which Odoo it is", answer=str(text)[:100])
    found = Version(int(digits[0]), str(text or head))
    if found.major < OLDEST:
        raise ContractBroken(f"Odoo {found.text} is older than {OLDEST}, the oldest this connector knows", version=found.text)
    return found


async def probe_version(http: HttpClient, endpoint: str, timeout: float, now: datetime) -> Version:
    """Ask `/web/version`; servers that do not have it are asked over JSON-RPC. Raises outcome errors."""
    answer = await http.request("GET", f"{endpoint.rstrip('/')}/web/version", timeout=timeout)
    if answer.status == 404:
        return await _older(http, endpoint, timeout, now)
    raise_for_transport_status(answer, now)
    data = _json(answer)
    return version_of(data.get("version_info"), data.get("version"))


async def _older(http: HttpClient, endpoint: str, timeout: float, now: datetime) -> Version:
    question = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "common", "method": "version", "args": []}}
    answer = await http.request(
        "POST",
        f"{endpoint.rstrip('/')}/jsonrpc",
        headers={"Content-Type": "application/json"},
        body=orjson.dumps(question),
        timeout=timeout,
        safe=True,
    )
    raise_for_transport_status(answer, now)
    result = _json(answer).get("result")
    found = result if isinstance(result, dict) else {}
    return version_of(found.get("server_version_info"), found.get("server_version"))


def _json(answer: HttpAnswer) -> dict[str, Any]:
    try:
        data = parse(answer.body) if answer.content_type == "application/json" else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise TargetUnavailable("the answer to a question for the version cannot be read", content_type=answer.content_type)
    return data


async def server_time(http: HttpClient, endpoint: str, timeout: float, now: datetime) -> datetime:
    """The server's time from the Date header (RFC 9110 section 6.6.1), whole seconds. Raises outcome errors."""
    answer = await http.request("GET", f"{endpoint.rstrip('/')}/web/version", timeout=timeout)
    if answer.status >= 400 and answer.status != 404:
        raise_for_transport_status(answer, now)
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        raise ContractBroken("Odoo's answers carry no Date header; change capture needs the server's time") from None


async def database_healthy(http: HttpClient, endpoint: str, timeout: float) -> bool:
    """Whether Odoo reaches its database; the plain health page says yes even when it does not."""
    answer = await http.request("GET", f"{endpoint.rstrip('/')}/web/health", params={"db_server_status": "1"}, timeout=timeout)
    return answer.status == 200
