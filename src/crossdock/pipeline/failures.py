"""Every failure leaves an exception: builds its ledger row with fingerprint, owner and detail; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from crossdock.core.errors import CrossdockError
from crossdock.core.fingerprint import fingerprint
from crossdock.ledger.batch import Batch
from crossdock.ledger.stakes import exception_identity as exception_identity
from crossdock.ledger.states import ExceptionState


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed: the step, the subject in the ledger, and who is concerned."""

    error: CrossdockError
    step: str
    subject: str
    subject_id: int
    partition: int
    system: str = ""
    flow: str = ""
    key: str = ""
    slot: str = ""
    owner: str = ""
    correlation: str = ""
    due: int | None = None


def record_failure(batch: Batch, number: int, failure: Failure) -> bytes:
    """Add the exception and its audit record to the batch; returns its identity."""
    error = failure.error
    by_key = failure.subject in ("process", "expectation")
    identity = exception_identity(failure.subject, failure.subject_id, failure.slot, failure.key if by_key else "")
    due, clock = failure.due, batch.respond.get(failure.system)
    if due is None and clock is not None:
        due = batch.at + clock
    detail = {"hint": error.hint, **dict(error.detail)}
    batch.exceptions[identity] = (
        number,
        identity,
        fingerprint(failure.flow, failure.step, error.code, failure.system, error.message),
        error.code,
        error.family,
        failure.step,
        failure.system,
        failure.flow,
        failure.key,
        failure.partition,
        failure.subject,
        failure.subject_id,
        failure.slot,
        failure.owner,
        error.message,
        orjson.dumps(detail, default=str).decode(),
        int(ExceptionState.OPEN),
        1,
        batch.at,
        batch.at,
        due,
        "",
        "",
        "",
        failure.correlation,
    )
    batch.exception_states.pop(identity, None)
    batch.record(
        failure.partition, "pipeline:exception:opened", number, failure.key, "", {"code": error.code, "step": failure.step}
    )
    return identity


def settle_failure(batch: Batch, identity: bytes, resolution: str, by: str = "hub", note: str = "") -> None:
    """Resolve a subject's exception when there is one; what the hub resolves itself needs nobody's note."""
    if identity in batch.exceptions:
        row = list(batch.exceptions[identity])
        row[16], row[21], row[22], row[23] = int(ExceptionState.RESOLVED), resolution, note, by
        batch.exceptions[identity] = tuple(row)
        return
    known = batch.exception_states.get(identity)
    if known is not None and known[1] == ExceptionState.RESOLVED:
        return  # a person resolved it: theirs is the word
    batch.exception_states[identity] = (identity, int(ExceptionState.RESOLVED), batch.at, resolution, note, by)
