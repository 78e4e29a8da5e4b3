"""Renewing a system's credential from the browser or the API: it goes into the vault or the folder of secrets and nowhere else, and is never shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from crossdock.core.errors import SecretNotWritable
from crossdock.ledger.ids import written
from crossdock.ledger.people import OpenException
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.credentials.service import keeper, storable
from crossdock.workbench.exceptions.service import Answer, act_on_hub, subject_of
from crossdock.workbench.page import Request, require
from crossdock.workbench.place import place
from crossdock.workbench.recording import record


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential of a system: what it is for, where it is kept, whether it can be stored from here."""

    purpose: str
    reference: str
    writable: bool


def credentials(system: str) -> list[Credential]:
    """The credentials the landscape names for a system."""
    described = place().landscape.systems.get(system)
    found = sorted(described.credentials.items()) if described is not None else []
    return [Credential(purpose, reference, storable(reference)) for purpose, reference in found]


def renew(request: Request, each: OpenException, purpose: str, value: str, reason: str, token: str = "") -> Answer:
    """Store the credential, record who and why, and put the system back to work; what waited goes on by itself.

    Raises `SecretNotWritable`, and Http404 for somebody who may not fix every system that uses the same credential.
    """
    require(request, Permission.EXCEPTIONS_FIX, subject_of(each), about=f"credential for {written(each.id)}")
    reference = next((one.reference for one in credentials(each.system) if one.purpose == purpose), None)
    if reference is None:
        raise SecretNotWritable(f"{each.system} has no credential {purpose[:100]!r}")
    landscape = place().landscape
    sharing = sorted(name for name, system in landscape.systems.items() if reference in system.credentials.values())
    for name in sharing:
        require(request, Permission.EXCEPTIONS_FIX, Subject.of("", name), about=f"credential of {name}")
    keeper().set(reference, value, request.person.name, datetime.now(UTC), reason)
    record(
        "workbench:credential:renewed", request.person.name, system=each.system, purpose=purpose, reference=reference, systems=sharing,
        exception=written(each.id), reason=reason,
    )  # fmt: skip
    note = f"credential {purpose} renewed: {reason}"[:1000]
    return act_on_hub(request, "unpark", {"system": each.system, "note": note}, token=token, partition=each.partition)
