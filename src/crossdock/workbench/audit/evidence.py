"""The evidence pack of one transaction as somebody may see it: systems they may not see are left out, protected fields are masked."""

from __future__ import annotations

import os

from crossdock.evidence.pack import About, pack
from crossdock.evidence.shown import steps
from crossdock.ledger.audit_proof import proofs
from crossdock.ledger.trace import Story
from crossdock.pipeline.protection import secrets_of
from crossdock.security import access
from crossdock.security.access import Person
from crossdock.security.roles import Permission
from crossdock.security.scope import Subject
from crossdock.workbench.place import place
from crossdock.workbench.transactions import service

KEY = "CROSSDOCK_SIGNING_KEY"
"""Reference to the hub's private key; packs are not signed without it."""


def packed(told: Story, person: Person) -> bytes:
    """The archive for this person. Raises `LedgerUnavailable`, `SigningKeyUnusable` or `SecretMissing`."""
    here = place()
    subject = service.subject_of(told)
    mask = service.mask(person, subject)

    def sees(system: str) -> bool:
        return access.allowed(person, Permission.PAYLOAD_SEE, Subject.of(subject.flow, system), here.facts)

    chain = here.read(lambda session: proofs(session, told.key))
    about = About(
        here.landscape.name, here.landscape.environment.name, here.landscape.bundle_id, person.name,
        here.clock.now().isoformat(timespec="seconds"), [".".join(each) for each in mask.paths],
    )  # fmt: skip
    reference = os.environ.get(KEY, "")
    private = secrets_of(here.landscape).get(reference) if reference else ""
    return pack(told, steps(told, mask, sees), chain, about, private)
