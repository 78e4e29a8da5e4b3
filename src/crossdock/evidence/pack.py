"""An evidence pack: everything about one transaction as a ZIP with a manifest of hashes, masked for whom it is made; reads no ledger."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.evidence.shown import Shown
from crossdock.governance.signing import public_of, sign_statement
from crossdock.ledger.audit_proof import Proof
from crossdock.ledger.ids import written
from crossdock.ledger.times import moment
from crossdock.ledger.trace import Story

FORMAT: Final = "crossdock-evidence/1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"
README: Final = """What is in this archive
=======================
story.json     the transaction: its names, flows, every step in order of time, exceptions, expectations
payloads/      what was received, understood, mapped, sent and answered at each step
chain.json     the records of the audit chain that speak of it, each with its link; `digest` is that of the payload as it was recorded
manifest.json  the SHA-256 of every other file, for whom this was made and what is hidden in it
signature.json present when it was signed: Ed25519 (RFC 8032) over "crossdock-evidence/1", a line feed, the SHA-256 of manifest.json in
               hexadecimal, and a line feed

Values that whoever asked may not see stand as dots. The digests in chain.json are those of the payloads without dots.
An export of the audit chain (crossdock audit export) proves the links themselves.
"""
_TIMES: Final = frozenset({"at", "settled_at", "opened_at", "updated_at", "due"})
_PAYLOADS: Final = frozenset({"received", "canonical", "mapped", "ack", "exchanges", "changes", "order"})


@dataclass(frozen=True, slots=True)
class About:
    """For whom and of what a pack is made; `at` in ISO 8601, `hidden` are the protected paths that are masked."""

    landscape: str
    environment: str
    bundle: str
    by: str
    at: str
    hidden: Sequence[str]


def pack(told: Story, payloads: Sequence[Shown], chain: Sequence[Proof], about: About, private: str = "") -> bytes:
    """The archive; the same content gives the same bytes. Raises `SigningKeyUnusable`."""
    files: dict[str, bytes] = {
        "README.txt": README.encode(),
        "story.json": _json(story(told)),
        "chain.json": _json(_chain(chain)),
    }
    for number, each in enumerate(payloads, 1):
        name = re.sub(r"[^a-z0-9]+", "-", f"{each.step}-{each.system}".lower()).strip("-")[:60]
        kind = "json" if each.text[:1] in ("{", "[") else "txt"
        files[f"payloads/{number:04d}-{name}.{kind}"] = each.text.encode()
    manifest = _json(
        {
            "format": FORMAT, "transaction": told.key, "landscape": about.landscape, "environment": about.environment,
            "bundle": about.bundle, "made_for": about.by, "made_at": about.at, "masked": bool(about.hidden), "hidden": list(about.hidden),
            "files": [{"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for path, data in sorted(files.items())],
        }
    )  # fmt: skip
    signature = b""
    if private:
        signed = sign_statement(private, statement(manifest))
        signature = _json({"key": public_of(private), "signature": signed})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in ((MANIFEST, manifest), (SIGNATURE, signature), *sorted(files.items())):
            if data:
                info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o444 << 16
                archive.writestr(info, data)
    return stream.getvalue()


def statement(manifest: bytes) -> bytes:
    """What is signed of a pack."""
    return f"{FORMAT}\n{hashlib.sha256(manifest).hexdigest()}\n".encode()


def story(told: Story) -> dict[str, Any]:
    """The transaction without payloads: who may see the transaction may see all of it."""
    return {
        "key": told.key,
        "references": [{"scheme": scheme, "value": value} for scheme, value in told.references],
        "flows": [_plain(row) for row in told.instances],
        "steps": [_plain(row) for row in told.entries],
        "expectations": [_plain(row) for row in told.expectations],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: moment(value).isoformat() if name in _TIMES and value is not None else value
        for name, value in row.items()
        if name not in _PAYLOADS
    }


def _chain(found: Sequence[Proof]) -> list[dict[str, Any]]:
    return [
        {
            "partition": each.partition, "link": each.seq, "at": moment(each.at).isoformat(), "link_hash": each.hash, "record": each.tag,
            "subject": written(each.subject) if each.subject else "", "digest": each.digest,
        }
        for each in found
    ]  # fmt: skip


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str)
