"""The users' own tests of their landscape (`tests/*.yaml`), run on it; sends nothing."""

from __future__ import annotations

import hashlib
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from crossdock.landscape.models import LandscapeTest
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.trial.side import Outcome, Side


def run(tests: dict[str, Any], side: Side) -> dict[str, Any]:
    """Every test, as evidence."""
    found = {name: wrong(test, side) for name, test in sorted(tests.items()) if isinstance(test, LandscapeTest)}
    failed = [{"name": name, "message": why} for name, why in found.items() if why]
    return {
        "passed": not failed, "run": len(found), "failed": failed,
        "says": f"{len(failed)} of {len(found)} tests fail: {', '.join(each['name'] for each in failed[:5])}" if failed
        else f"{len(found)} tests pass" if found else "the landscape has no tests of its own",
    }  # fmt: skip


def wrong(test: LandscapeTest, side: Side) -> str:
    """What is not as the test asks; empty when it passes."""
    outcome, _prepared = side.outcome(message_of(test))
    if outcome.error or test.error:
        if outcome.error == test.error:
            return ""
        return f"refused with {outcome.error}: {outcome.says}" if outcome.error else f"it is taken, and {test.error} was expected"
    return _events(test, outcome)


def message_of(test: LandscapeTest) -> TakenMessage:
    """The message as it would have been received."""
    body = test.body.encode() if isinstance(test.body, str) else orjson.dumps(test.body)
    headers = orjson.dumps(test.headers).decode() if test.headers else ""
    digest = hashlib.sha256(body).digest()
    return TakenMessage(0, 0, test.system, test.channel, test.topic, "", digest, test.content_type, headers, body, 0, "", "")


def _events(test: LandscapeTest, outcome: Outcome) -> str:
    told, asked = [each.type for each in outcome.events], [each.type for each in test.events]
    if told != asked:
        return f"it tells {', '.join(told) or 'nothing'}, and {', '.join(asked) or 'nothing'} was expected"
    for each, expected in zip(outcome.events, test.events, strict=True):
        if expected.key is not None and each.key != expected.key:
            return f"the key of {each.type} is {each.key}, not {expected.key}"
        for path, value in expected.fields.items():
            found = at(each.document, path)
            if not same(found, value):
                return f"{path} of {each.type} is {found!r}, not {value!r}"
    return ""


def at(document: Any, path: str) -> Any:
    """The value at a path (`lines.0.quantity`); None where there is nothing."""
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def same(found: Any, expected: Any) -> bool:
    """Whether two scalars say the same; numbers by value, whether they are written as text or not."""
    if found == expected or found is None or isinstance(found, bool) or isinstance(expected, (bool, dict, list)):
        return bool(found == expected)
    try:
        return Decimal(str(found)) == Decimal(str(expected))
    except InvalidOperation:
        return str(found) == str(expected)
