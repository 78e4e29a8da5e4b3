"""The settings of a mail exchange in a partner's file; knows no connection."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crossdock.transports.tls import TlsOptions

ADDRESS: Final = re.compile(r"^[^@\s<>]+@[A-Za-z0-9.-]+$")
SENDER: Final = re.compile(r"^([^@\s<>]+)?@[A-Za-z0-9.-]+$")


class Part(BaseModel):
    """The base of the blocks below."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Outgoing(Part):
    """How mails leave. The transport's endpoint is `smtps://host` (TLS from the start) or `smtp://host` (STARTTLS, demanded)."""

    sender: Annotated[str, Field(description="Our address.")]
    to: Annotated[tuple[str, ...], Field(min_length=1, max_length=20, description="The partner's addresses.")]
    user: Annotated[str, Field(description="Sign in to the relay with the credential `smtp_password`; empty: do not.")] = ""
    subject: Annotated[str, Field(max_length=200, description="`{file}` and `{subject}` are filled in.")] = "{subject}"
    text: Annotated[str, Field(max_length=4000, description="What a person reads above the attachment.")] = (
        "Please find the document attached."
    )

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for each in (value,) if isinstance(value, str) else value:
            if not ADDRESS.match(each):
                raise ValueError(f"{each!r} is no mail address")
        return value


class Incoming(Part):
    """Which mailbox is read, and what of it is a document."""

    server: Annotated[
        str,
        Field(
            pattern=r"^imaps?://[^\s/]+$",
            description="`imaps://host` (TLS from the start) or `imap://host` (STARTTLS, demanded).",
        ),
    ]
    user: Annotated[str, Field(min_length=1, description="Sign in with the credential `imap_password`.")]
    mailbox: str = "INBOX"
    senders: Annotated[
        tuple[str, ...],
        Field(
            min_length=1, description="Addresses (`edi@partner.example`) or domains (`@partner.example`) whose mails are taken."
        ),
    ]
    authenticated_by: Annotated[
        str,
        Field(
            description="The name under which our own mail server writes Authentication-Results (RFC 8601). When set, only mails it found to pass "
            "DMARC, or DKIM for the sender's domain, are taken: a From line alone can be written by anybody."
        ),
    ] = ""
    attachments: Annotated[tuple[str, ...], Field(min_length=1, description="Names of the attachments that are documents.")] = (
        "*.edi", "*.x12", "*.edifact", "*.txt", "*.csv", "*.xlsx", "*.xml", "*.pdf",
    )  # fmt: skip
    afterwards: Annotated[Literal["move", "seen"], Field(description="Move stored mails to `archive`, or mark them as seen.")] = (
        "move"
    )
    archive: Annotated[str, Field(min_length=1)] = "Crossdock/Archive"
    quarantine: Annotated[str, Field(min_length=1, description="Mails that were refused, with an exception that says why.")] = (
        "Crossdock/Quarantine"
    )
    mails_per_poll: Annotated[int, Field(ge=1, le=500)] = 20
    max_mail_bytes: Annotated[int, Field(ge=1024, description="A larger mail is not fetched.")] = 30_000_000

    @field_validator("senders")
    @classmethod
    def _senders(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for each in values:
            if not SENDER.match(each):
                raise ValueError(f"{each!r} is neither an address nor a domain such as @partner.example")
        return tuple(each.lower() for each in values)

    @model_validator(mode="after")
    def _apart(self) -> Incoming:
        if self.mailbox in (self.archive, self.quarantine):
            raise ValueError("`archive` and `quarantine` must be other mailboxes than the one that is read")
        return self


class MailOptions(TlsOptions):
    """Mail with a partner: `outgoing`, `incoming`, or both."""

    outgoing: Outgoing | None = None
    incoming: Incoming | None = None
    recognises_duplicates: Annotated[
        bool,
        Field(
            description="The partner's side takes the same Message-ID once only: a mail whose fate is unknown is sent again under the same id."
        ),
    ] = False
    timeout: Annotated[int, Field(ge=1, le=600, description="Seconds for one step.")] = 60

    @model_validator(mode="after")
    def _whole(self) -> MailOptions:
        if self.outgoing is None and self.incoming is None:
            raise ValueError("neither `outgoing` nor `incoming` is set, so nothing would travel")
        return self
