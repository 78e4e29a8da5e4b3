"""A public key as it is written in settings; knows no connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _looks_right(value: str) -> str:
    if len(value.split()) < 2:
        raise ValueError(f"{value[:30]!r} is no public key; expected for example `ssh-ed25519 AAAA...`")
    return value


PublicKey = Annotated[str, AfterValidator(_looks_right)]
"""One line as in OpenSSH's files: the kind of key, then the key."""
