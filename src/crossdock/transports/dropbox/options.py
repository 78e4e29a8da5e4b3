"""The settings of a partner's drop-box in its file; knows no connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.transports.base import TransportOptions
from crossdock.transports.sftp.keys import PublicKey


class DropboxOptions(TransportOptions):
    """One partner's account. It sees two folders and nothing else: `in`, into which it puts files, and `out`, from which it fetches ours."""

    user: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="The partner's user name.")]
    keys: Annotated[
        tuple[PublicKey, ...],
        Field(description="Its public keys (`ssh-ed25519 AAAA...`). Two while it changes from one to the next."),
    ] = ()
    password: Annotated[bool, Field(description="Let it sign in with the credential `password` too. Keys are better.")] = False
    patterns: Annotated[
        tuple[str, ...], Field(min_length=1, description="Names of files that are taken; others are refused.")
    ] = ("*",)
    max_file_bytes: Annotated[int, Field(ge=1024)] = 50_000_000
    quota_bytes: Annotated[int, Field(ge=1024, description="Bytes it may have here at the same time.")] = 500_000_000
    quota_files: Annotated[int, Field(ge=1, le=100_000, description="Files it may have here at the same time.")] = 2_000
    connections: Annotated[int, Field(ge=1, le=100, description="Connections at the same time.")] = 4
    keep_days: Annotated[
        int, Field(ge=7, description="How long it is remembered what was put into `out`; longer than any retry budget.")
    ] = 120
