"""The settings of an AS2 partnership in a partner's file; knows no key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, field_validator, model_validator

from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.digests import Digest
from crossdock.edi.as2.envelope import Cipher
from crossdock.transports.tls import TlsOptions

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[ -~]+$")]


class As2Options(TlsOptions):
    """What was agreed with the partner. The defaults are what a partner of today should be asked for."""

    our_name: Annotated[Name, Field(description="Our AS2 identifier, exactly as the partner has it.")]
    their_name: Annotated[Name, Field(description="The partner's AS2 identifier.")]
    sign: Annotated[
        Literal["sha256", "sha384", "sha512", "sha1"] | None, Field(description="Sign by this digest; null: do not sign.")
    ] = "sha256"
    encrypt: Annotated[
        Literal["aes256", "aes192", "aes128", "3des"] | None, Field(description="Encrypt by this cipher; null: do not encrypt.")
    ] = "aes256"
    key_transport: Annotated[
        Literal["pkcs1v15", "oaep"],
        Field(description="How the key of a message is wrapped; `oaep` only when the partner says so."),
    ] = "pkcs1v15"
    compress: Annotated[
        Literal["no", "before", "after"],
        Field(description="Compress before or after signing (RFC 5402); the partner must know it."),
    ] = "no"
    receipt: Annotated[
        Literal["none", "sync", "async"],
        Field(description="The receipt (MDN) to ask for: in the answer, or later to `receipt_url`."),
    ] = "sync"
    receipt_url: Annotated[
        str, Field(pattern=r"^(https?://\S+)?$", description="Where asynchronous receipts reach us: https://HUB/in/SYSTEM/as2.")
    ] = ""
    signed_receipt: Annotated[bool, Field(description="A receipt must be signed; an unsigned one proves nothing.")] = True
    accept_unsigned: Annotated[
        bool,
        Field(
            description="Take messages that are not signed. Anybody could send them, and who watches the receipts could decipher a captured message piece by piece."
        ),
    ] = False
    accept_unencrypted: Annotated[bool, Field(description="Take messages that are not encrypted.")] = False
    accept_digests: Annotated[
        tuple[Digest, ...], Field(min_length=1, description="Digests of the partner's signatures; add `sha1` for an old partner.")
    ] = ("sha256", "sha384", "sha512")
    accept_ciphers: Annotated[
        tuple[Cipher, ...], Field(min_length=1, description="Ciphers of the partner's messages; add `3des` for an old partner.")
    ] = ("aes128", "aes192", "aes256")
    receipts_to: Annotated[
        tuple[str, ...],
        Field(description="Addresses (scheme, host and port) asynchronous receipts may be sent to, besides the endpoint's own."),
    ] = ()
    recognises_duplicates: Annotated[
        bool,
        Field(
            description="The partner takes the same Message-ID once only (AS2 reliability): a message whose receipt is missing is sent "
            "again under the same id instead of being given to a person."
        ),
    ] = False
    switch_at: Annotated[
        AwareDatetime | None, Field(description="From then on the credential `key_next` signs; both decrypt at any time.")
    ] = None
    partner_switch_at: Annotated[
        AwareDatetime | None,
        Field(description="From then on messages are encrypted for `partner_certificate_next`; both may sign at any time."),
    ] = None
    user: Annotated[str, Field(description="User name for HTTP Basic, with the credential `http_password`.")] = ""
    max_bytes: Annotated[int, Field(ge=1024, le=2_000_000_000, description="The largest document, at every layer.")] = 100_000_000
    timeout: Annotated[int, Field(ge=1, le=3600, description="Seconds to wait for the answer, which holds the receipt.")] = 120

    @field_validator("receipts_to")
    @classmethod
    def _addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{value!r} is no address such as https://as2.partner.example:4443")
        return values

    @model_validator(mode="after")
    def _whole(self) -> As2Options:
        if self.receipt == "async" and not self.receipt_url:
            raise ValueError("`receipt: async` needs `receipt_url`, the address at which this hub receives")
        if self.our_name == self.their_name:
            raise ValueError("`our_name` and `their_name` are the same")
        return self

    def agreement(self) -> Agreement:
        """The agreement as the AS2 library reads it."""
        return Agreement(
            our_name=self.our_name,
            their_name=self.their_name,
            sign=self.sign,
            encrypt=self.encrypt,
            key_transport=self.key_transport,
            compress=self.compress,
            receipt=self.receipt,
            receipt_url=self.receipt_url,
            receipt_digest=self.sign or "sha256",
            signed_receipt=self.signed_receipt,
            accept_unsigned=self.accept_unsigned,
            accept_unencrypted=self.accept_unencrypted,
            digests=frozenset(self.accept_digests),
            ciphers=frozenset(self.accept_ciphers),
            max_bytes=self.max_bytes,
        )

    def switched(self, at: datetime | None, now: datetime) -> bool:
        """Whether a planned switch has happened."""
        return at is not None and now >= at
