"""Whether a failed request may have had its effect: what is uncertain for a write is merely unavailable for a read; knows no system."""

from __future__ import annotations

from typing import Any

from crossdock.connectors.document import read_json
from crossdock.core.errors import AnswerLost, CrossdockError, PayloadMalformed, TargetUnavailable


def in_doubt(writes: bool, why: str) -> CrossdockError:
    """A failure that says nothing about the effect: uncertain for a write, merely unavailable for a read."""
    return AnswerLost(f"sent, but {why}") if writes else TargetUnavailable(why)


def json_of(body: bytes, writes: bool, why: str = "the answer is not JSON") -> Any:
    """The JSON of a success. Raises what `in_doubt` gives when it is none."""
    try:
        return read_json(body)
    except PayloadMalformed:
        raise in_doubt(writes, why) from None
