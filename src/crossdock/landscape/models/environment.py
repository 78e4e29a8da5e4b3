"""`environments/*.yaml`: what differs between test and production, and nothing else: endpoints, vault, engine, region."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.landscape.models.base import Name, Strict, Text
from crossdock.landscape.models.system import CredentialReference


class Engine(Strict):
    """Who owns partitions and where the ledger is."""

    kind: Annotated[
        Literal["embedded", "postgresql", "kafka"],
        Field(
            description="`embedded`: one process, SQLite; `postgresql`: several workers; `kafka`: an event platform, ledger on PostgreSQL."
        ),
    ] = "embedded"
    url: Annotated[
        CredentialReference | str,
        Field(
            description="The ledger's database; empty: `var/ledger.sqlite3` beside the landscape. `env:NAME` keeps a password out."
        ),
    ] = ""
    brokers: Annotated[str, Field(description="For `kafka`: host:port, comma separated.")] = ""


class Vault(Strict):
    """Where `vault:` references are resolved."""

    kind: Annotated[
        Name,
        Field(
            description="`none`: only `env:` and `file:` references are used; else an entry point of the group `crossdock.vaults`."
        ),
    ] = "none"
    url: Annotated[str, Field(description="The vault's address.")] = ""
    secrets: Annotated[str, Field(description="Folder against which `file:` references are read, relative to the landscape.")] = (
        "."
    )


class Environment(Strict):
    """The bindings of one environment. Text values may use `${env:NAME}` and `${env:NAME:-default}`, here and nowhere else."""

    name: Annotated[Name, Field(description="The environment's name; the file's name when absent.")]
    title: Annotated[Text, Field(description="The environment's name for people.")] = ""
    region: Annotated[Name | None, Field(description="The region this environment runs in.")] = None
    endpoints: Annotated[dict[Name, str], Field(description="System and its base URL in this environment.")] = Field(
        default_factory=dict
    )
    credentials: Annotated[
        dict[Name, dict[Name, CredentialReference]], Field(description="System, purpose and reference, where they differ here.")
    ] = Field(default_factory=dict)
    engine: Annotated[Engine, Field(description="Who owns partitions and where the ledger is.")] = Engine()
    vault: Annotated[Vault, Field(description="Where `vault:` references are resolved.")] = Vault()
