"""What is told of a credential, on the page and over the API; there is no field for its value."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema


class CredentialOut(Schema):
    """One credential. `age_days`, `next` and `last_used` are null where nobody knows; `by` says who renews it (`system`, `hub`, `handover`,
    `person`), `state` how it stands, `public` is the public part of a key pair that is being handed over."""

    reference: str
    whose: str
    system: str
    purpose: str
    owner: str
    age_days: int | None
    next: datetime | None
    expires: datetime | None
    last_used: datetime | None
    by: str
    says: str
    state: str
    note: str
    public: str
    stored_by: str
    writable: bool
