"""A trial in a process of its own: what somebody's mapping does there, it does to nobody else, and one that never ends is ended.

`python -m crossdock.pipeline.trial`: reads one line of JSON with the landscape's home, environment and ledger, then the bundle, from
standard input; writes the evidence, or the error, as JSON.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson

from crossdock.core.errors import CrossdockError
from crossdock.governance.standing import promoted
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store
from crossdock.pipeline.trial.pack import gather


def main() -> None:
    asked = orjson.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # what somebody's mapping prints is no evidence
    given = asked["location"]
    given["path"] = Path(given["path"]) if given["path"] else None
    given["options"] = tuple(tuple(pair) for pair in given["options"])
    location = LedgerLocation(**given)
    try:
        here = load(asked["home"], asked["environment"] or None)
        store = Store(location)
        try:
            running = promoted(here, store)
        finally:
            store.close()
        found = gather(data, running, location, datetime.now(UTC))
    except CrossdockError as error:
        found = {"error": error.as_dict()}
    answers.write(orjson.dumps(found, default=str, option=orjson.OPT_NON_STR_KEYS))


if __name__ == "__main__":
    main()
