"""The `options:` block of a `wms_csv` system: where the files lie, who the server is, and how its CSV is written."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from crossdock.connectors.base import Options
from crossdock.connectors.wms_csv.columns import COLUMNS, FileKind
from crossdock.transports.sftp.keys import PublicKey


class Directories(Options):
    """Folders on the server. `control`, `processing`, `archive` and `quarantine` are the hub's own and are made when missing; they must
    be on the same file system as the folder they serve, because files move there by renaming."""

    send: str = "/in"
    control: str = "/in/.crossdock"
    answers: str = "/answers"
    receive: str = "/out"
    processing: str = "/out/processing"
    archive: str = "/out/archive"
    quarantine: str = "/out/quarantine"
    snapshots: str = "/out/snapshots"


class Dialect(Options):
    """How the partner writes CSV. `decimal` is the mark before the fraction; times without offset are in `zone`; `times` is `iso` or
    strptime's letters. Sent files use the same dialect."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    encoding: str = "utf-8-sig"
    decimal: Literal[".", ","] = "."
    times: str = "iso"
    zone: str = ""
    line_end: Literal["\r\n", "\n"] = "\r\n"

    @field_validator("encoding")
    @classmethod
    def _codec(cls, value: str) -> str:
        try:
            "A".encode(value)
        except LookupError:
            raise ValueError(f"no encoding {value!r}; for example utf-8-sig, cp1252, iso-8859-15") from None
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            _ = ZoneInfo(value) if value else None
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone {value!r}; use a name such as Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _distinct(self) -> Dialect:
        if self.delimiter == self.decimal:
            raise ValueError("delimiter and decimal mark are the same; numbers could not be told apart")
        return self


Received = Literal["picks", "status", "dispatch", "receipts", "returns", "stock"]


def _usual_names() -> dict[Received, str]:
    return {
        "picks": "PICK*.csv",
        "status": "STATUS*.csv",
        "dispatch": "SHIP*.csv",
        "receipts": "RECEIPT*.csv",
        "returns": "RETURNED*.csv",
        "stock": "STOCK*.csv",
    }


class WmsCsvOptions(Options):
    """How the hub and the warehouse's SFTP server work together.

    `host_keys` are the server's public keys (`ssh-ed25519 AAAA...`), agreed by another way than the network: there is no "trust on
    first use". `files` tells by its name what a received file is. `columns` renames columns, per kind of file. `timeout` seconds for
    one step on the server. `answer_wait` seconds a cancellation waits for the warehouse's answer before it looks again later.
    `keep_days`: how long the control folder remembers what was sent; longer than any retry budget.
    """

    transport: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_-]*$",
            description="How files travel: an entry point of the group `crossdock.file_transports`.",
        ),
    ] = "sftp"
    username: Annotated[str, Field(min_length=1)]
    host_keys: Annotated[list[PublicKey], Field(min_length=1)]
    auth: Literal["password", "key"] = "password"
    directories: Directories = Directories()
    dialect: Dialect = Dialect()
    files: dict[Received, str] = Field(default_factory=_usual_names)
    columns: dict[FileKind, dict[str, str]] = Field(default_factory=dict)
    location_map: Annotated[
        str, Field(description="Value map: bin -> location of the ERP. Without it bins keep their names.")
    ] = ""
    reason_map: Annotated[
        str,
        Field(
            description="Value map: the warehouse's reason -> cause of a movement. Without it the contract's words are expected."
        ),
    ] = ""
    snapshot_files: str = "INVENTORY*.csv"
    timeout: Annotated[int, Field(ge=1, le=600)] = 30
    answer_wait: Annotated[int, Field(ge=0, le=120)] = 5
    files_per_poll: Annotated[int, Field(ge=1, le=1000)] = 20
    max_file_bytes: Annotated[int, Field(ge=1024)] = 50_000_000
    keep_days: Annotated[int, Field(ge=7)] = 120

    @property
    def own_folders(self) -> tuple[str, ...]:
        """The hub's own folders on the server."""
        folders = self.directories
        return (folders.control, folders.processing, folders.archive, folders.quarantine)

    @field_validator("columns")
    @classmethod
    def _known(cls, values: dict[FileKind, dict[str, str]]) -> dict[FileKind, dict[str, str]]:
        for kind, names in values.items():
            unknown = sorted(set(names) - set(COLUMNS[kind].all))
            if unknown:
                raise ValueError(f"{kind} has no column {', '.join(unknown)}; it has {', '.join(COLUMNS[kind].all)}")
        return values
