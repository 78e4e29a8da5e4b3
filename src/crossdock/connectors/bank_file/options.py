"""The `options:` of a bank: the account refunds are paid from, how files travel, and which transfers on a statement are ours."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from crossdock.canonical.iban import Bic, Iban
from crossdock.connectors.base import Options
from crossdock.finance.transfers.pain001 import Version


class DebtorAccount(Options):
    """The account refunds are paid from."""

    name: Annotated[str, Field(min_length=1, max_length=70)]
    iban: Iban
    bic: Bic = ""


class TransportFile(Options):
    """One way files travel: kind, endpoint and settings as in a partner's file (docs/reference/transports.md)."""

    kind: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    endpoint: Annotated[str, Field(description="Where the bank listens; empty: the system's own endpoint.")] = ""
    options: dict[str, Any] = Field(default_factory=dict)


class BankFileOptions(Options):
    """How the hub and a bank exchange files.

    Each transport's credentials are those of the system named `<transport>-<purpose>`. A transport that collects is polled under its name.
    """

    debtor: DebtorAccount | None = None
    transports: Annotated[dict[str, TransportFile], Field(min_length=1)]
    send_by: Annotated[str, Field(description="The transport transfers go out by; empty: the only one that sends.")] = ""
    version: Annotated[Version, Field(description="The version of pain.001 the bank takes.")] = "pain.001.001.09"
    transfers: Annotated[
        tuple[str, ...],
        Field(
            description="How the end-to-end ids of our refunds look (`*` stands for anything); on a statement they are told as refunds that arrived."
        ),
    ] = ("RT-*",)
    accounts: Annotated[
        tuple[Iban, ...],
        Field(description="The accounts whose statements are taken; empty: of any. A statement of another account is refused."),
    ] = ()
    max_bytes: Annotated[int, Field(ge=1024, le=256 << 20)] = 256 << 20

    @field_validator("transports")
    @classmethod
    def _named(cls, values: dict[str, TransportFile]) -> dict[str, TransportFile]:
        for name in values:
            if not name.replace("_", "").replace("-", "").isalnum():
                raise ValueError(f"{name!r} is no name of a transport")
        return values
