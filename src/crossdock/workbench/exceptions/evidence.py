"""The evidence pack of an exception: everything the hub knows of it in one ZIP, masked for whoever downloads it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import orjson

from crossdock.ledger.audit import links
from crossdock.ledger.ids import written
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.security.masking import Mask
from crossdock.workbench.exceptions.detail import Detail
from crossdock.workbench.exceptions.payloads import steps

LINKS = 20_000
"""Links of the audit chain looked through for records of the transaction."""


def pack(found: Detail, mask: Mask, seen: Callable[[str], bool], audit: list[dict[str, Any]], by: str, at: int) -> bytes:
    """A ZIP with `exception.json`, `story.json`, the payload of every step, `audit.json` and a page of contents."""
    each = found.each
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as pack_:
        pack_.writestr("exception.json", _json(_exception(found)))
        entries = [
            {name: value for name, value in entry.items() if name not in ("received", "canonical", "mapped", "ack", "exchanges")}
            for entry in found.told.entries
        ]
        pack_.writestr(
            "story.json", _json({"key": each.key, "references": found.told.references, "steps": [_times(e) for e in entries]})
        )
        for place, shown in enumerate(steps(found.told, mask, seen), 1):
            pack_.writestr(f"payloads/{place:02}-{shown.step}-{_plain(shown.system)}.txt", f"{shown.title}\n\n{shown.text}\n")
        pack_.writestr("audit.json", _json(audit))
        pack_.writestr(
            "README.txt",
            f"Evidence of exception {written(each.id)} ({each.code}), downloaded by {by} at {moment(at).isoformat()}.\n"
            "audit.json holds the records of the audit chain that speak of it, each with partition and link: `crossdock audit verify` "
            "proves them on the ledger.\n" + ("Protected fields are hidden.\n" if mask else ""),
        )
    return content.getvalue()


def records(session: Session, partition: int, key: str, number: int) -> list[dict[str, Any]]:
    """Records of the audit chain that speak of a key or an exception."""
    found: list[dict[str, Any]] = []
    for place, (seq, at, digest, body) in enumerate(links(session, partition)):
        if place >= LINKS:
            break
        if not body or (key.encode() not in body and str(number).encode() not in body):
            continue
        for tag, subject, about, content, detail in orjson.loads(body):
            if (key and about == key) or subject == number:
                found.append(
                    {
                        "partition": partition, "link": seq, "at": moment(at).isoformat(), "hash": digest.hex(), "tag": tag,
                        "subject": written(subject) if subject else "", "key": about, "digest": content, "detail": detail,
                    }
                )  # fmt: skip
    return found


def _exception(found: Detail) -> dict[str, Any]:
    each = found.each
    told = {name: getattr(each, name) for name in each.__dataclass_fields__ if name != "identity"}
    hint = found.hint
    return _times(
        {**told, "id": written(each.id), "hint": None if hint is None else {"cause": hint.cause, "evidence": hint.evidence}}
    )


def _times(entry: dict[str, Any]) -> dict[str, Any]:
    names = ("at", "settled_at", "created_at", "updated_at", "due")
    return {
        name: moment(value).isoformat() if name in names and isinstance(value, int) else value for name, value in entry.items()
    }


def _plain(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in name)[:40] or "hub"


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str)
