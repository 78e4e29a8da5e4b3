"""Structured logs: one line a record, JSON or text, with the correlation of the call it belongs to; never a payload or a secret."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

from crossdock.connectors.http import current_call


class JsonLines(logging.Formatter):
    """Each record as one JSON object."""

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
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(content).decode()


def configure_logs(form: str = "text", level: int = logging.INFO) -> None:
    """Send the hub's logs to standard error as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)-7s %(name)s %(message)s"))
    root = logging.getLogger("crossdock")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
