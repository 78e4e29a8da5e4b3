"""Resolves credential references from the environment and from files, and stores renewed ones in files; a value never appears in a repr, an error or a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from secrets import token_hex
from time import monotonic

from crossdock.core.errors import LandscapeInvalid, SecretMissing, SecretNotWritable
from crossdock.landscape.models import Vault

MAX_SECRET_BYTES = 65_536
LOOK_EVERY = 1.0
"""Seconds between two looks at a secret's file; it is read in the accept path of every message."""


def vault_of(described: Vault, root: Path, ledger: object = None) -> Callable[[str], str] | None:
    """The vault of an environment: an entry point of the group `crossdock.vaults`, called with its description, the landscape's folder and
    where the ledger is (a `LedgerLocation`, None when there is none).

    It gives a function from path to secret that raises `SecretMissing`. None for the kind `none`. Raises `LandscapeInvalid` when no
    vault of this kind is installed.
    """
    kind = described.kind
    if kind == "none":
        return None
    found = {point.name: point for point in entry_points(group="crossdock.vaults")}
    if kind not in found:
        raise LandscapeInvalid(f"there is no vault {kind!r}; installed: {', '.join(sorted(found)) or 'none'}", kind=kind)
    vault: Callable[[str], str] = found[kind].load()(described, root, ledger)
    return vault


def writable(reference: str) -> bool:
    """Whether a renewed credential can be stored under this reference: a file in the folder of secrets."""
    scheme, _, rest = reference.partition(":")
    return scheme == "file" and bool(rest) and not Path(rest).is_absolute()


def store_secret(folder: Path, reference: str, value: str) -> None:
    """Put a renewed credential in the place of the old one, whole or not at all; only its owner may read the file.

    Raises `SecretNotWritable`, which names the reference, never the value.
    """
    if not writable(reference):
        raise SecretNotWritable(f"{reference!r} is not a file in the folder of secrets", reference=reference)
    content = value.encode()
    if not value.strip() or "\x00" in value or len(content) > MAX_SECRET_BYTES:
        raise SecretNotWritable(f"a credential is between one and {MAX_SECRET_BYTES} bytes of text", reference=reference)
    try:
        path = inside(folder, reference.partition(":")[2])
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{token_hex(8)}")
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise SecretNotWritable(f"the file of {reference!r} cannot be written: {error.strerror}", reference=reference) from None
    except ValueError:
        raise SecretNotWritable(f"the file of {reference!r} is not inside the folder of secrets", reference=reference) from None


def inside(folder: Path, rest: str) -> Path:
    """The file of a relative reference. Raises ValueError when it leads out of the folder."""
    path = (folder / rest).resolve()
    path.relative_to(folder.resolve())
    return path


class SecretReferences:
    """Secrets by reference: `env:NAME` and `file:path` (implements `connectors.protocol.Secrets`).

    Paths are relative to `folder`; what leads out of it is refused unless it is absolute (`file:/run/secrets/shopify`). A file that
    changed is read again, so that a rotated secret takes effect without a restart; a final line break is not part of the secret.
    `vault:` references are resolved by `vault`, which raises `SecretMissing` itself.
    """

    __slots__ = ("_files", "_folder", "_looked", "_variables", "_vault")

    def __init__(
        self, folder: Path, variables: Mapping[str, str] | None = None, vault: Callable[[str], str] | None = None
    ) -> None:
        self._folder = folder
        self._variables = os.environ if variables is None else variables
        self._vault = vault
        self._files: dict[str, tuple[tuple[int, int, int], str]] = {}
        self._looked: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"SecretReferences(folder={str(self._folder)!r})"

    def __reduce__(self) -> str:
        raise TypeError("secrets are not pickled")

    def get(self, reference: str) -> str:
        """The secret for a reference. Raises `SecretMissing`, which names the reference and what to provide, never a value."""
        scheme, _, rest = reference.partition(":")
        if scheme == "env" and rest:
            value = self._variables.get(rest, "")
            if not value:
                raise SecretMissing(f"the environment variable {rest} is not set", reference=reference)
            return value
        if scheme == "file" and rest:
            return self._file(reference, rest)
        if scheme == "vault" and rest:
            if self._vault is None:
                raise SecretMissing("this environment has no vault", reference=reference)
            return self._vault(rest)
        raise SecretMissing("a credential reference is `env:NAME`, `file:path` or `vault:path`")

    def _file(self, reference: str, rest: str) -> str:
        known = self._files.get(rest)
        now = monotonic()
        if known is not None and now - self._looked.get(rest, 0.0) < LOOK_EVERY:
            return known[1]
        try:
            path = self._inside(rest)
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            self._looked[rest] = now
            if known is not None and known[0] == version:
                return known[1]
            if stat.st_size > MAX_SECRET_BYTES:
                raise SecretMissing(f"the file is larger than {MAX_SECRET_BYTES} bytes", reference=reference)
            value = path.read_bytes().decode().rstrip("\r\n")
        except OSError as error:
            raise SecretMissing(f"the file of {reference!r} cannot be read: {error.strerror}", reference=reference) from None
        except ValueError:
            raise SecretMissing(
                f"the file of {reference!r} is not text, or not inside the landscape", reference=reference
            ) from None
        if not value:
            raise SecretMissing(f"the file of {reference!r} is empty", reference=reference)
        self._files[rest] = (version, value)
        return value

    def _inside(self, rest: str) -> Path:
        path = Path(rest)
        if path.is_absolute():
            return path
        return inside(self._folder, rest)
