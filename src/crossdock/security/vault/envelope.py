"""The envelope: values sealed by a data key, data keys wrapped by a master key that is kept elsewhere (AES-256-GCM, NIST SP 800-38D)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import shlex
import subprocess
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crossdock.security.vault.errors import MasterKeyInvalid, MasterKeyMismatch, SealBroken, VaultUnavailable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
COMMAND_SECONDS: Final = 10
DIGITS: Final = 16


class Sealer(Protocol):
    """A master key: wraps data keys. `name` tells it from others and tells nothing of it."""

    name: str

    def wrap(self, key: bytes, about: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """Raises `MasterKeyMismatch`."""
        ...


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """Encrypt with a fresh nonce; `about` (where it belongs) is bound to it, so that it opens nowhere else."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Decrypt. Raises `SealBroken`."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError):
        raise SealBroken("a sealed credential does not open with the key it names") from None


class LocalMaster:
    """A master key this process holds in memory."""

    __slots__ = ("_key", "name")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MasterKeyInvalid(f"a master key has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = key
        self.name = f"local:{hashlib.sha256(b'crossdock vault master key' + key).hexdigest()[:DIGITS]}"

    def __repr__(self) -> str:
        return f"LocalMaster({self.name})"

    def wrap(self, key: bytes, about: bytes) -> bytes:
        return seal(self._key, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        try:
            return unseal(self._key, wrapped, about)
        except SealBroken:
            raise MasterKeyMismatch(f"the master key {self.name} does not open this vault") from None


class CommandMaster:
    """A master key that stays where it is (a KMS, an HSM): a command wraps and unwraps.

    It is called as `COMMAND wrap` and `COMMAND unwrap` with base64 on standard input and answers base64 on standard output.
    """

    def __init__(self, command: str) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError:
            self._words = []
        if not self._words:
            raise MasterKeyInvalid("`command:` names no command")
        self.name = "command"  # it may move to another path or take other words; what it unwraps proves it

    def wrap(self, key: bytes, about: bytes) -> bytes:
        return self._call("wrap", seal(_inner(about), key, about))

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        try:
            return unseal(_inner(about), self._call("unwrap", wrapped), about)
        except SealBroken:
            raise MasterKeyMismatch(f"what {self._words[0]!r} unwraps is no data key of this vault") from None

    def _call(self, what: str, given: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the environment's file is this machine's own
                [*self._words, what], input=base64.b64encode(given), capture_output=True, timeout=COMMAND_SECONDS, check=False
            )
        except FileNotFoundError:
            raise MasterKeyInvalid(f"there is no command {self._words[0]!r}") from None
        except (OSError, subprocess.TimeoutExpired):
            raise VaultUnavailable(f"{self._words[0]!r} did not {what} a key within {COMMAND_SECONDS} s") from None
        if done.returncode:
            raise VaultUnavailable(f"{self._words[0]!r} could not {what} a key (exit code {done.returncode})")
        try:
            return base64.b64decode(done.stdout.strip(), validate=True)
        except binascii.Error:
            raise MasterKeyInvalid(f"{self._words[0]!r} did not answer base64") from None


def _inner(about: bytes) -> bytes:
    """No secret: a checksum around the data key, because a KMS command need not bind what it wraps to its place."""
    return hashlib.sha256(b"crossdock vault data key" + about).digest()


def read_master(text: str) -> LocalMaster:
    """A master key from its text: 64 hexadecimal digits or base64 of 32 bytes. Raises `MasterKeyInvalid`, which quotes nothing."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise MasterKeyInvalid("the master key is neither hexadecimal nor base64") from None
    return LocalMaster(key)


def new_master() -> str:
    """The text of a fresh master key."""
    return secrets.token_hex(KEY_BYTES)


def new_data_key() -> bytes:
    """A fresh data key."""
    return secrets.token_bytes(KEY_BYTES)
