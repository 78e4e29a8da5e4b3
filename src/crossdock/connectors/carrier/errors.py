"""How what happened on the wire to a carrier becomes one of the outcomes; knows no network.

karrio answers every failure with `SHIPPING_SDK_INTERNAL_ERROR` and no status. The carrier process therefore reports every request it made:
whether a connection was made, the HTTP status, the answer. Those decide; karrio's messages are the words for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from crossdock.connectors.http import retry_after
from crossdock.core.errors import (
    AnswerLost,
    ContractBroken,
    CredentialRefused,
    EndpointGone,
    Misconfigured,
    PermissionRefused,
    SchemaInvalid,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

Json = dict[str, Any]
INTERNAL = "SHIPPING_SDK_"


class CarrierSoftwareMissing(Misconfigured):
    """The karrio package of this carrier is not installed."""

    code = "carrier.software_missing"
    hint = "Install it beside the hub: `pip install karrio-<carrier>`, for example karrio-ups."


class CarrierProcessDown(TargetUnavailable):
    """The carrier process does not run at the moment; nothing was sent."""

    code = "carrier.process_down"


def words(answer: Mapping[str, Any]) -> list[str]:
    """What the carrier said: its own codes and messages, without karrio's."""
    told = []
    for message in answer.get("messages") or []:
        code, text = str(message.get("code") or ""), str(message.get("message") or "")
        if not code.startswith(INTERNAL) and message.get("level") not in ("warning", "info") and (code or text):
            told.append(f"{code}: {text}" if code else text)
    return told


def judge(answer: Mapping[str, Any], now: datetime, *, effect: bool, gone_is_refusal: bool = False) -> str:
    """The body of the answer that did the job, when the carrier did it. Raises the outcome otherwise.

    `effect`: the request changes something at the carrier, so silence is `AnswerLost`; without it, silence is `TargetUnavailable`.
    `gone_is_refusal`: 404 speaks of the consignment and not of the endpoint.
    """
    last = deciding_call(answer)
    if last is None:
        _nothing_sent(answer)
    effect = effect and not is_token(last)
    silence = AnswerLost if effect else TargetUnavailable
    if last["failure"] == "unreachable":
        raise TargetUnavailable("the carrier cannot be reached; nothing was sent")
    if last["failure"]:
        raise silence("sent to the carrier, but no complete answer")
    told = "; ".join(words(answer)) or spoken(last["answered"])
    status, wait = last["status"], retry_after({"retry-after": last["retry_after"]}, now)
    if status == 429:
        raise Throttled(f"HTTP {status}", retry_after=wait, status=status)
    if status == 503:
        raise TargetUnavailable(f"HTTP {status}", retry_after=wait, status=status)
    if status == 401 or (is_token(last) and status in (400, 403)):
        raise CredentialRefused(f"the carrier refuses the credential (HTTP {status})", status=status, told=told)
    if status == 403:
        raise PermissionRefused(f"HTTP {status}", status=status, told=told)
    if 300 <= status < 400 or (status in (404, 410) and not gone_is_refusal):
        raise EndpointGone(f"HTTP {status}", status=status, told=told)
    if status >= 500:
        raise silence(f"HTTP {status}", status=status, told=told)
    if status >= 400:
        raise TargetRefused(f"the carrier refused: {told}", status=status, told=told)
    if is_token(last):
        raise TargetUnavailable("the answer to the sign-in cannot be read")
    if answer.get("result") is None and words(answer):
        raise TargetRefused(f"the carrier refused: {told}", status=status, told=told)
    return str(last["answered"])


def deciding_call(answer: Mapping[str, Any]) -> Json | None:
    """The request that decides: the first that was more than a sign-in (pictures and proofs may be fetched after it), else the sign-in."""
    calls: Sequence[Json] = answer.get("calls") or []
    return next((call for call in calls if not is_token(call)), calls[-1] if calls else None)


def unreadable(effect: bool) -> AnswerLost | ContractBroken:
    """The carrier said yes in a way nobody can read: uncertain when it may have done something."""
    text = "the carrier answered, but the answer cannot be read"
    return AnswerLost(text) if effect else ContractBroken(text)


def is_token(call: Mapping[str, Any]) -> bool:
    """Whether a call only fetched a token."""
    return "oauth" in str(call["url"]) or "/token" in str(call["url"])


def _nothing_sent(answer: Mapping[str, Any]) -> NoReturn:
    problem = str(answer.get("problem") or "")
    if problem.startswith("package: "):
        raise CarrierSoftwareMissing(problem.removeprefix("package: "))
    told = [f"{m.get('message')} {json.dumps(m.get('details'))}" for m in answer.get("messages") or []]
    raise SchemaInvalid(f"no request for the carrier can be made of it: {'; '.join(told) or problem}", told=told)


def spoken(answered: str) -> str:
    """The words in an error body of unknown shape: every `message`, `detail`, `description` in it; else its beginning."""
    try:
        document = json.loads(answered)
    except ValueError:
        return answered[:300]
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, str) and key.lower() in ("message", "detail", "description"):
                    found.append(inner)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
    return "; ".join(dict.fromkeys(found)) or answered[:300]
