"""A folder of backups: files in pieces named by their content, so that a backup stores only what is new, and a manifest each; knows no ledger."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import orjson
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crossdock.backup.errors import BackupAbsent, BackupDamaged, BackupFolderForeign, BackupKeyWrong

PIECE: Final = 65_536
"""Bytes of a piece. Sixteen pages of SQLite: what did not change between two backups is the same piece."""
HEAD: Final = "crossdock-backups.json"
KEY: Final = "CROSSDOCK_BACKUP_KEY"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the repository: its name and mode where it came from, size and SHA-256 of its bytes, and its pieces in order."""

    name: str
    size: int
    sha256: str
    mode: int
    pieces: tuple[str, ...]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Stored:
        """From a manifest."""
        return cls(str(found["name"]), int(found["size"]), str(found["sha256"]), int(found["mode"]), tuple(found["pieces"]))


class Repository:
    """Backups below a folder. With `key` every piece is encrypted (AES-256-GCM) and manifests are sealed with it (HMAC-SHA-256);
    without, pieces are compressed only and hashes show accidents, not forgery.
    """

    def __init__(self, folder: Path, key: str = "") -> None:
        self.folder = folder
        self._cipher: AESGCM | None = None
        self._mac = b""
        self.added = 0
        """Bytes written since it was opened."""
        head = folder / HEAD
        if not head.exists():
            if folder.exists() and any(folder.iterdir()):
                raise BackupFolderForeign(f"{folder} is neither empty nor a folder of backups")
            self._begin(bool(key))
        try:
            said = orjson.loads(head.read_bytes())
            encrypted, salt = bool(said["encrypted"]), bytes.fromhex(said["salt"])
            fits = said["format"] == FORMAT
        except (OSError, ValueError, KeyError, TypeError):
            raise BackupFolderForeign(f"{head} cannot be read") from None
        if not fits:
            raise BackupFolderForeign(f"{head} is of another format")
        if encrypted != bool(key):
            raise BackupKeyWrong("the folder is encrypted, and no key is given" if encrypted else "the folder is not encrypted")
        if key:
            both = HKDF(SHA256(), 64, salt, b"crossdock backup").derive(_long(key).encode())
            self._cipher, self._mac = AESGCM(both[:32]), both[32:]
            if not hmac.compare_digest(str(said.get("proof", self._proof())), self._proof()):
                raise BackupKeyWrong(f"{KEY} is not the key this folder was begun with")
            if "proof" not in said:
                _write(head, orjson.dumps({**said, "proof": self._proof()}))

    @property
    def encrypted(self) -> bool:
        """Whether nobody without the key can read it."""
        return self._cipher is not None

    def _begin(self, encrypted: bool) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self.folder / HEAD, orjson.dumps({"format": FORMAT, "encrypted": encrypted, "salt": secrets.token_hex(16)}))

    def _proof(self) -> str:
        return hmac.new(self._mac, b"proof", hashlib.sha256).hexdigest()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes here meanwhile: what one stores another must not take for unused."""
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- files ------------------------------------------------------------------------------------------

    def store(self, stream: IO[bytes], name: str, mode: int = 0o600) -> Stored:
        """Store a file; pieces that are there already are not written again."""
        whole, size, pieces = hashlib.sha256(), 0, []
        while piece := _full(stream):
            whole.update(piece)
            size += len(piece)
            pieces.append(self._put(piece))
        return Stored(name, size, whole.hexdigest(), mode, tuple(pieces))

    def store_file(self, path: Path, name: str) -> Stored:
        """Store the file at a path."""
        with path.open("rb") as stream:
            return self.store(stream, name, path.stat().st_mode & 0o777)

    def read(self, stored: Stored) -> Iterator[bytes]:
        """The bytes of a file, piece by piece. Raises `BackupDamaged`, at the latest after the last piece."""
        whole, size = hashlib.sha256(), 0
        for number, name in enumerate(stored.pieces):
            piece = self._get(name, f"{stored.name}, piece {number}")
            whole.update(piece)
            size += len(piece)
            yield piece
        if (size, whole.hexdigest()) != (stored.size, stored.sha256):
            raise BackupDamaged(f"{stored.name} is not what the manifest says", file=stored.name)

    def write(self, stored: Stored, path: Path) -> None:
        """Put a file where it belongs, whole or not at all. Raises `BackupDamaged`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stored.mode), "wb") as file:
                for piece in self.read(stored):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _piece(self, name: str) -> Path:
        return self.folder / "pieces" / name[:2] / name

    def _named(self, piece: bytes) -> str:
        return (hmac.new(self._mac, piece, hashlib.sha256) if self._cipher else hashlib.sha256(piece)).hexdigest()

    def _put(self, piece: bytes) -> str:
        name = self._named(piece)
        path = self._piece(name)
        if not path.exists():
            body = zstandard.ZstdCompressor(level=3).compress(piece)
            if self._cipher is not None:
                nonce = secrets.token_bytes(12)
                body = nonce + self._cipher.encrypt(nonce, body, name.encode())
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, body)
            self.added += len(body)
        return name

    def _get(self, name: str, where: str) -> bytes:
        try:
            body = self._piece(name).read_bytes()
            if self._cipher is not None:
                body = self._cipher.decrypt(body[:12], body[12:], name.encode())
            piece = zstandard.ZstdDecompressor().decompress(body, max_output_size=PIECE)
        except FileNotFoundError:
            raise BackupDamaged(f"{where} is gone", piece=name) from None
        except (InvalidTag, zstandard.ZstdError, ValueError, OSError):
            raise BackupDamaged(f"{where} was altered", piece=name) from None
        if self._named(piece) != name:
            raise BackupDamaged(f"{where} was altered", piece=name)
        return piece

    # --- manifests --------------------------------------------------------------------------------------

    def keep(self, number: str, content: Mapping[str, Any]) -> None:
        """Keep a manifest: only now the backup exists."""
        path = self._manifest(number)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
        _write(path, orjson.dumps({"seal": self._seal(body), "manifest": orjson.Fragment(body)}))

    def manifest(self, number: str) -> dict[str, Any]:
        """A backup's manifest. Raises `BackupAbsent` or `BackupDamaged`."""
        try:
            whole = orjson.loads(self._manifest(number).read_bytes())
            content: dict[str, Any] = whole["manifest"]
            body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
            sealed = hmac.compare_digest(str(whole["seal"]), self._seal(body))
        except FileNotFoundError:
            raise BackupAbsent(f"there is no backup {number!r} in {self.folder}") from None
        except (OSError, ValueError, KeyError, TypeError):
            raise BackupDamaged(f"the manifest of {number} cannot be read") from None
        if not sealed:
            raise BackupDamaged(f"the manifest of {number} was altered")
        return content

    def numbers(self) -> list[str]:
        """Every backup, oldest first."""
        return sorted(path.stem for path in (self.folder / "manifests").glob("*.json"))

    def forget(self, numbers: list[str], files: Callable[[Mapping[str, Any]], Iterator[Stored]]) -> int:
        """Remove backups, and the pieces no other has; gives how many pieces went. `files` names the files of a manifest."""
        kept = [self.manifest(each) for each in self.numbers() if each not in numbers]
        for number in numbers:
            self._manifest(number).unlink(missing_ok=True)
        used = {piece for manifest in kept for stored in files(manifest) for piece in stored.pieces}
        gone = [path for path in (self.folder / "pieces").glob("??/*") if path.name not in used]
        for path in gone:
            path.unlink()
        return len(gone)

    def _manifest(self, number: str) -> Path:
        if not number or "/" in number or number.startswith("."):
            raise BackupAbsent(f"{number!r} names no backup")
        return self.folder / "manifests" / f"{number}.json"

    def _seal(self, body: bytes) -> str:
        return (hmac.new(self._mac, body, hashlib.sha256) if self._cipher else hashlib.sha256(body)).hexdigest()


def as_json(stored: Stored) -> dict[str, Any]:
    """A stored file for a manifest."""
    return asdict(stored)


def _long(key: str) -> str:
    if len(key) < 32:
        raise BackupKeyWrong(f"{KEY} is shorter than 32 characters")
    return key


def _full(stream: IO[bytes]) -> bytes:
    """The next whole piece: a pipe gives less than was asked for."""
    found = b""
    while len(found) < PIECE and (more := stream.read(PIECE - len(found))):
        found += more
    return found


def _write(path: Path, body: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
