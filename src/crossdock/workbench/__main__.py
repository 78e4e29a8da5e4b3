"""The workbench's process beside a hub: told on standard input what to serve, ends when that closes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

from crossdock.core.errors import CrossdockError
from crossdock.workbench.start import Start


def main() -> None:
    """Read the start, serve until the hub closes standard input or ends."""
    start = Start.read(sys.stdin.buffer.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the hub, which ends this process
    threading.Thread(target=_end_with_the_hub, daemon=True).start()
    from crossdock.pipeline.logs import configure_logs
    from crossdock.workbench.asgi import application, serve

    configure_logs(start.log_format)
    try:
        app = application(start)
    except CrossdockError as error:
        logging.getLogger("crossdock.workbench").error("the pages cannot be served: %s %s", error.message, error.hint)
        sys.exit(1)
    asyncio.run(serve(app, uds=start.socket))


def _end_with_the_hub() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
