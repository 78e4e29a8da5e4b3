"""Structured logs: one line a record, JSON or text, with the correlation of the call it belongs to; never a payload or a secret."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

from crossdock.connectors.http import current_call


class WithoutValues(logging.Formatter):
    """Shows where and by what kind of error something broke, but not the error's own words: they may quote what was being handled."""

    def formatException(self, ei: Any) -> str:
        told: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(told) < 5:
            lines = "".join(traceback.format_tb(error.__traceback__))
            code = getattr(error, "code", "")
            told.append(
                f"{lines}{type(error).__module__}.{type(error).__qualname__}{f' ({code})' if isinstance(code, str) and code else ''}"
            )
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\ncaused by\n".join(told)


class JsonLines(WithoutValues):
    """Each record as one JSON object; a record's `facts` (`extra={"facts": {...}}`) become fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        call = current_call.get()
        content = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if call is not None and call.correlation:
            content["correlation"] = call.correlation
        content |= {name: value for name, value in getattr(record, "facts", {}).items() if value != "" and name not in content}
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(content).decode()


class TextLines(WithoutValues):
    """Each record as one line for people: what others wrote cannot begin a line of its own, nor steer the terminal it is read on."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        text = super().formatMessage(record)
        return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def configure_logs(form: str = "text", level: int = logging.INFO) -> None:
    """Send the hub's logs to standard error as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger("crossdock")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
