"""A bundle file: the reviewed files of a landscape with their digests, the same bytes for the same files everywhere; trusts nobody.

A ZIP archive (APPNOTE 6.3) of stored entries in the order of their names, without times or rights. `bundle.json` comes first and lists every file
with its SHA-256; `signature.json` beside it is no part of what is signed.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from crossdock.governance.errors import BundleAltered, BundleUnreadable
from crossdock.landscape.bundle import bundle_id, canonical_json
from crossdock.landscape.files import Draft, read

FORMAT: Final = "crossdock-bundle/1"
MANIFEST: Final = "bundle.json"
SIGNATURE: Final = "signature.json"
LARGEST: Final = 64 * 1_048_576
"""Bytes a bundle may have; a landscape has a few hundred thousand."""


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature (RFC 8032) over the manifest's digest, what it says and when: key's id and signature in hexadecimal.

    `says` is `made` (no time, so that the same content gives the same bytes) or `approved`, with the time in ISO 8601. A review board
    says for whom it speaks: `by` is the person's name, `team` the team the person spoke for; these are signed, too.
    """

    key: str
    says: str
    at: str
    value: str
    by: str = ""
    team: str = ""

    def written(self) -> dict[str, str]:
        """As it stands in the file."""
        return {name: value for name, value in asdict(self).items() if value or name not in ("by", "team")}


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A bundle in memory. `files` maps a path of the landscape to its bytes."""

    name: str
    bundle: str
    files: Mapping[str, bytes]
    signatures: tuple[Signature, ...] = field(default=())

    @property
    def manifest(self) -> bytes:
        """What is signed: name, bundle id, and the digest of every file."""
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}
        return canonical_json({"format": FORMAT, "name": self.name, "bundle": self.bundle, "files": digests})

    def statement(self, says: str, at: str, by: str = "", team: str = "") -> bytes:
        """What a signature is made over."""
        spoken = {"by": by, "team": team} if by or team else {}
        return canonical_json({"manifest": hashlib.sha256(self.manifest).hexdigest(), "says": says, "at": at, **spoken})

    def packed(self) -> bytes:
        """The file's bytes."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            _put(archive, MANIFEST, self.manifest)
            if self.signatures:
                _put(archive, SIGNATURE, canonical_json([each.written() for each in self.signatures]))
            for path in sorted(self.files):
                _put(archive, f"landscape/{path}", self.files[path])
        return stream.getvalue()

    def unpack(self, folder: Path) -> None:
        """Write the files below `folder`, which must be empty or not there yet."""
        for path, content in self.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def of_landscape(draft: Draft) -> BundleFile:
    """The bundle of a landscape that was read; environments hold bindings only and stay behind."""
    head: Any = draft.models["crossdock.yaml"]["crossdock.yaml"]
    files = {
        path: (draft.root / path).read_bytes() for path in (*draft.documents, *draft.code) if not path.startswith("environments/")
    }
    return BundleFile(head.name, bundle_id(draft), files)


def read_bundle(data: bytes) -> BundleFile:
    """A bundle from its bytes. Raises `BundleUnreadable`, or `BundleAltered` when a file is not what the manifest says."""
    if len(data) > LARGEST:
        raise BundleUnreadable(f"a bundle has at most {LARGEST} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = _entries(archive)
        manifest = json.loads(entries.pop(MANIFEST))
        signatures = json.loads(entries.pop(SIGNATURE, b"[]"))
        found = tuple(read_signature(each) for each in signatures)
        name, bundle, digests = str(manifest["name"]), str(manifest["bundle"]), dict(manifest["files"])
        known = manifest["format"] == FORMAT
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, NotImplementedError, EOFError, RuntimeError) as error:
        raise BundleUnreadable(f"it is no bundle: {type(error).__name__}") from None
    if not known:
        raise BundleUnreadable("it was made by a release that this one does not understand")
    files = {path.removeprefix("landscape/"): content for path, content in entries.items()}
    for path in sorted(set(files) ^ set(digests)):
        raise BundleAltered(f"{path} is {'not in the manifest' if path in files else 'missing'}", path=path)
    for path, content in files.items():
        if hashlib.sha256(content).hexdigest() != digests[path]:
            raise BundleAltered(f"{path} is not what the manifest says", path=path)
    return BundleFile(name, bundle, files, found)


def read_signature(written: Mapping[str, Any]) -> Signature:
    """A signature from what `Signature.written` gave. Raises KeyError or TypeError for anything else."""
    key, says, at, value = (str(written[part]) for part in ("key", "says", "at", "value"))
    return Signature(key, says, at, value, by=str(written.get("by", "")), team=str(written.get("team", "")))


def proven(bundle: BundleFile, folder: Path) -> Draft:
    """Unpack a bundle into `folder` and read it as a landscape. Raises `BundleAltered` when its content is not the bundle it says it is."""
    bundle.unpack(folder)
    draft = read(folder)
    if bundle_id(draft) != bundle.bundle:
        raise BundleAltered(f"its content is bundle {bundle_id(draft)[:12]}, not {bundle.bundle[:12]}")
    return draft


def _entries(archive: zipfile.ZipFile) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        inside = info.filename in (MANIFEST, SIGNATURE) or path.parts[:1] == ("landscape",)
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > LARGEST or not inside or info.filename in found:
            raise BundleUnreadable(f"{info.filename!r} does not belong into a bundle")
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or info.is_dir() or "\x00" in info.filename:
            raise BundleUnreadable(f"{info.filename!r} leads out of the landscape")
        found[info.filename] = archive.read(info)
    return found


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    info.create_system = 3
    archive.writestr(info, content)
