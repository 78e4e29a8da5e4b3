"""The settings of an SFTP exchange in a partner's file; knows no connection."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.transports.base import TransportOptions
from crossdock.transports.sftp.keys import PublicKey

Folder = Annotated[str, Field(pattern=r"^[^\x00-\x1f]*$", max_length=500)]


class SftpOptions(TransportOptions):
    """The partner's server, and which folders are for what.

    The hub's own folders (`processing`, `archive`, `quarantine`) are beside each folder it collects from, and `control` is inside `send_to`;
    they are made when missing and must be on the same file system, because files move there by renaming.
    """

    username: Annotated[str, Field(min_length=1)]
    host_keys: Annotated[
        tuple[PublicKey, ...],
        Field(
            min_length=1, description="The server's public keys (`ssh-ed25519 AAAA...`), agreed by another way than the network."
        ),
    ]
    auth: Annotated[Literal["password", "key"], Field(description="Sign in by the credential `password` or `private_key`.")] = (
        "key"
    )
    send_to: Annotated[Folder, Field(description="The folder our documents go to; empty: nothing is sent.")] = ""
    control: Annotated[
        Folder,
        Field(
            description="A folder of the hub's inside `send_to`, where a document is written before it is renamed and which remembers what was "
            "sent. Empty when the partner allows none: then a hand-over that was cut off can only be settled by a person."
        ),
    ] = ".crossdock"
    collect_from: Annotated[tuple[Folder, ...], Field(description="The folders the partner's documents are in.")] = ()
    patterns: Annotated[
        tuple[str, ...], Field(min_length=1, description="Names of the files to take; others are left alone.")
    ] = ("*",)
    take: Annotated[
        Literal["claim", "read"],
        Field(
            description="`claim`: rename into `processing` first; `read`: leave it in place until it is stored, where renaming is not allowed."
        ),
    ] = "claim"
    complete: Annotated[
        Literal["rename", "stable", "marker"],
        Field(
            description="How a complete file is known: it has its final name (`rename`), its size stood still for `settle` seconds (`stable`), "
            "or a second file with the ending `marker` stands beside it (`marker`)."
        ),
    ] = "rename"
    settle: Annotated[int, Field(ge=1, le=86_400, description="Seconds a size must stand still.")] = 60
    marker: Annotated[str, Field(min_length=2, max_length=20, description="The ending of the second file.")] = ".ok"
    afterwards: Annotated[Literal["archive", "delete"], Field(description="What becomes of a file once it is stored.")] = (
        "archive"
    )
    processing: Folder = "processing"
    archive: Folder = "archive"
    quarantine: Folder = "quarantine"
    timeout: Annotated[int, Field(ge=1, le=600, description="Seconds for one step on the server.")] = 30
    files_per_poll: Annotated[int, Field(ge=1, le=1000)] = 20
    max_file_bytes: Annotated[
        int, Field(ge=1024, description="A larger file is not read; it goes to quarantine and to a person.")
    ] = 50_000_000
    keep_days: Annotated[int, Field(ge=7, description="How long `control` remembers; longer than any retry budget.")] = 120

    @model_validator(mode="after")
    def _whole(self) -> SftpOptions:
        if not self.send_to and not self.collect_from:
            raise ValueError("neither `send_to` nor `collect_from` is set, so nothing would travel")
        if self.take == "claim" and not self.processing:
            raise ValueError("`take: claim` needs the folder `processing`")
        if len(set(self.collect_from)) < len(self.collect_from):
            raise ValueError("`collect_from` names a folder twice")
        return self
