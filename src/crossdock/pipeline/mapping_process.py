"""The mapping process: prepares the messages the hub sends it and answers what came of them; opens no ledger and calls nobody.

`python -m crossdock.pipeline.mapping_process FOLDER ENVIRONMENT BUNDLE`. It ends when the hub closes the pipe, or ends itself.
"""

from __future__ import annotations

import gc
import struct
import sys
from datetime import UTC, datetime
from typing import BinaryIO, Final

from crossdock.core.clock import SystemClock
from crossdock.core.errors import CrossdockError
from crossdock.landscape.load import load
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.location import ledger_location
from crossdock.pipeline.mapped import answered, to_prepare
from crossdock.pipeline.prepare import Prepared, Preparer
from crossdock.pipeline.runtime import build
from crossdock.pipeline.validate import validator_of

FRAME: Final = struct.Struct(">I")
READY: Final = b"ready"


def preparer(folder: str, environment: str | None, bundle: str) -> Preparer | None:
    """What prepares messages as the hub that runs `bundle` would; None when the folder holds another landscape by now."""
    landscape = load(folder, environment)
    if landscape.bundle_id != bundle:
        return None
    vault = landscape.environment.vault
    secrets = SecretReferences(landscape.home / vault.secrets, vault=vault_of(vault, landscape.home, ledger_location(landscape)))
    runtime = build(landscape, secrets, CodeTables(landscape.value_maps), SystemClock())
    connectors = {name: each.connector for name, each in runtime.participants.items()}
    return Preparer(connectors, validator_of(landscape, lambda: datetime.now(UTC).date()), landscape.partitions, lambda: 0)


def serve(prepare: Preparer, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer one request after another until the hub closes the pipe."""
    while len(head := source.read(FRAME.size)) == FRAME.size:
        frame = source.read(*FRAME.unpack(head))
        _put(sink, answered([(message, _prepared(prepare, message)) for message in to_prepare(frame)]))


def _prepared(prepare: Preparer, message: TakenMessage) -> Prepared | None:
    try:
        return prepare(message)
    except Exception:  # a defect: the hub meets the same and finds the message that causes it
        return None


def _put(sink: BinaryIO, content: bytes) -> None:
    sink.write(FRAME.pack(len(content)) + content)
    sink.flush()


def main() -> None:
    folder, environment, bundle = sys.argv[1:]
    try:
        prepare = preparer(folder, environment or None, bundle)
    except CrossdockError as error:
        sys.exit(error.code)
    if prepare is None:
        sys.exit("landscape.changed")
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # what somebody's mapping prints is no answer
    _put(answers, READY)
    serve(prepare, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
