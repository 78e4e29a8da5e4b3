"""What two partners agreed for AS2: names, algorithms, receipts, and what is refused; knows no key and no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crossdock.edi.as2.digests import STRONG, Digest
from crossdock.edi.as2.envelope import STRONG_CIPHERS, Cipher, KeyTransport


@dataclass(frozen=True, slots=True)
class Agreement:
    """One partnership as seen from our side.

    Out: `sign`, `encrypt` (None: not done), `compress` before or after signing, `receipt` asked for with `receipt_digest`, to `receipt_url` when
    it is asynchronous. In: what is not signed or not encrypted is refused unless accepted here; so are digests and ciphers that are not
    listed. `max_bytes` bounds a message at every layer.
    """

    our_name: str
    their_name: str
    sign: Digest | None = "sha256"
    encrypt: Cipher | None = "aes256"
    key_transport: KeyTransport = "pkcs1v15"
    compress: Literal["no", "before", "after"] = "no"
    receipt: Literal["none", "sync", "async"] = "sync"
    receipt_url: str = ""
    receipt_digest: Digest = "sha256"
    signed_receipt: bool = True
    accept_unsigned: bool = False
    accept_unencrypted: bool = False
    digests: frozenset[Digest] = STRONG
    ciphers: frozenset[Cipher] = STRONG_CIPHERS
    max_bytes: int = 100_000_000
