"""When keys were used last, written in batches: not each request is worth a write."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final

EVERY: Final = 15.0
"""Seconds after which what was noted is written."""

_lock = threading.Lock()
_noted: dict[int, datetime] = {}
_timer: list[threading.Timer] = []

log = logging.getLogger("crossdock.workbench")


def used(key: int, at: datetime) -> None:
    """Note that a key was used."""
    with _lock:
        _noted[key] = at
        if not _timer:
            timer = threading.Timer(EVERY, flush)
            timer.daemon = True
            _timer.append(timer)
            timer.start()


def flush() -> None:
    """Write what was noted."""
    from django.db import close_old_connections, connection, transaction

    from crossdock.workbench.accounts.models import ApiKey

    with _lock:
        found = dict(_noted)
        _noted.clear()
        _timer.clear()
    if not found:
        return
    try:
        with transaction.atomic():
            for key, at in found.items():
                ApiKey.objects.filter(pk=key).update(last_used_at=at)
    except Exception as error:
        log.warning("when keys were used last could not be written: %s", type(error).__name__)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()
        else:
            close_old_connections()
