"""Verification of exports by somebody who has nothing but the files and a public key; reads no ledger and no landscape."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crossdock.evidence.audit_file import FORMAT, digest_of, statement
from crossdock.evidence.errors import ExportUnreadable, PublicKeyUnusable
from crossdock.governance.signing import KIND, statement_holds
from crossdock.ledger.audit import link_hash
from crossdock.ledger.audit_export import SPOKEN_OF, pruned
from crossdock.ledger.bundles import LOADED

MOST: Final = 1_000
"""Problems that are listed."""
Heads = dict[int, tuple[int, bytes]]
"""By partition: the last link and its hash."""


@dataclass(slots=True)
class Checked:
    """What was read and every problem found, each in words."""

    files: int = 0
    links: int = 0
    records: int = 0
    payloads: int = 0
    bundles: int = 0
    problems: list[str] = field(default_factory=list)
    begins: bool = True
    """Whether the first file begins where the chain began; what was before it is not proven by these files."""
    until: str = ""
    """When the last file was written, as it says."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    def found(self, problem: str) -> None:
        """Note a problem."""
        if len(self.problems) < MOST:
            self.problems.append(problem)


def verify_files(files: Sequence[Path], key: str) -> Checked:
    """Verify exports in the order they were written; `key` is `ed25519:` and 64 hexadecimal digits.

    Raises `PublicKeyUnusable`, and `ExportUnreadable` for a file that is no export at all.
    """
    digits = key.removeprefix(KIND)
    if not key.startswith(KIND) or len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise PublicKeyUnusable("the key is not `ed25519:` and 64 hexadecimal digits in lower case")
    verifier = _Verifier(key)
    for file in files:
        try:
            with file.open("rb") as stream:
                verifier.file(file.name, stream)
        except OSError as error:
            raise ExportUnreadable(f"{file.name}: {error.strerror}", path=str(file)) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ExportUnreadable(f"{file.name} is no {FORMAT}: {type(error).__name__}", path=str(file)) from None
    verifier.close()
    return verifier.checked


class _Verifier:
    """Reads one file after another."""

    def __init__(self, key: str) -> None:
        self.checked = Checked()
        self._key = key
        self._name = ""
        self._sha256 = ""
        self._heads: Heads = {}
        self._wanted: dict[tuple[str, int], str] = {}
        self._missing: dict[int, str] = {}
        self._pruned: set[int] = set()
        self._bundles: dict[str, str] = {}
        self._loaded: dict[str, str] = {}

    def file(self, name: str, stream: Iterable[bytes]) -> None:
        """One file, the next of the series."""
        self._name = name
        running, whole = hashlib.sha256(), hashlib.sha256()
        ends: Heads | None = None
        signed = over = False
        for raw, value in _lines(stream):
            whole.update(raw)
            if over:
                self._found("something stands behind its signature")
                break
            if ends is None:
                ends = self._begin(value)
            if "end" in value:
                over = True
                told, digest = value["end"], running.hexdigest()
                signed = told["sha256"] == digest and statement_holds(self._key, statement(digest), str(value["signature"]))
                continue
            running.update(raw)
            self._line(value)
        if ends is None:
            raise ValueError("it is empty")
        self._spoken_of()
        if not over:
            self._found("it was cut off: its end with the signature is missing")
        elif not signed:
            self._found("it is not what was signed with this key")
        if self._heads != {p: each for p, each in ends.items() if each[0]}:
            self._found("its chain does not end where it says")
        self._heads = {p: each for p, each in ends.items() if each[0]}
        self._sha256 = whole.hexdigest()
        self.checked.files += 1

    def close(self) -> None:
        """What can be said once all files were read."""
        for subject, where in self._missing.items():
            if subject not in self._pruned:
                self.checked.found(f"{where} is gone, and the chain does not say that retention removed it")
        for number, digest in self._loaded.items():
            if self._bundles.get(number) != digest:
                self.checked.found(f"bundle {number[:12]} is not what the hub loaded")

    def _found(self, problem: str) -> None:
        self.checked.found(f"{self._name}: {problem}")

    def _begin(self, head: dict[str, Any]) -> Heads:
        if head.get("format") != FORMAT:
            raise ValueError("another format")
        after, before = _heads(head["after"]["heads"]), str(head["after"]["sha256"])
        if not self.checked.files:
            self.checked.begins = not before and not any(seq for seq, _ in after.values())
            self._heads = {p: each for p, each in after.items() if each[0]}
        elif before != self._sha256 or {p: each for p, each in after.items() if each[0]} != self._heads:
            self._found("it does not go on where the file before it ended: one is missing, or the order is another")
            self._heads = {p: each for p, each in after.items() if each[0]}
        self.checked.until = str(head.get("at", ""))
        return _heads(head["heads"])

    def _line(self, value: dict[str, Any]) -> None:
        if "link" in value:
            self._spoken_of()
            self._link(*value["link"])
        elif "payload" in value:
            self._payload(*value["payload"])
        elif "bundle" in value:
            number, _name, digest, text = value["bundle"]
            self.checked.bundles += 1
            if hashlib.sha256(text.encode()).hexdigest() != digest:
                self._found(f"bundle {number[:12]} was altered")
            self._bundles[number] = digest

    def _link(self, partition: int, seq: int, at: int, digest: str, text: str) -> None:
        self.checked.links += 1
        last, previous = self._heads.get(partition, (0, bytes(32)))
        body = text.encode()
        if seq != last + 1:
            self._found(f"partition {partition}: link {seq} stands where link {last + 1} belongs")
        if link_hash(previous, partition, seq, at, body).hex() != digest:
            self._found(f"partition {partition}, link {seq}: it is not what was recorded")
        self._heads[partition] = (seq, bytes.fromhex(digest))
        records = json.loads(text)
        self.checked.records += len(records)
        self._pruned |= pruned(records)
        for tag, subject, _key, said, detail in records:
            if said and tag in SPOKEN_OF:
                self._wanted[SPOKEN_OF[tag], subject] = said
            elif tag == LOADED:
                self._loaded[detail["bundle"]] = detail["sha256"]

    def _payload(self, kind: str, subject: int, digest: str, body: str | None = None) -> None:
        self.checked.payloads += 1
        said = self._wanted.pop((kind, subject), None)
        if said is None:
            self._found(f"{kind} {subject} stands where the chain does not speak of it")
        elif not digest:
            self._missing[subject] = f"{kind} {subject}"
        elif said != digest or (body is not None and digest_of(kind, base64.b64decode(body)) != said):
            self._found(f"{kind} {subject} was altered")

    def _spoken_of(self) -> None:
        """Everything the link before spoke of must have been told."""
        for kind, subject in self._wanted:
            self._found(f"{kind} {subject}, which the chain speaks of, is left out")
        self._wanted.clear()


def _heads(found: dict[str, Any]) -> Heads:
    return {int(partition): (int(seq), bytes.fromhex(digest)) for partition, (seq, digest) in found.items()}


def _lines(stream: Iterable[bytes]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Each line with its value. Of the end of a file that was cut off, what cannot be read counts as missing."""
    for raw in stream:
        if not raw.endswith(b"\n"):
            return
        value = json.loads(raw)
        if not isinstance(value, dict):
            raise ValueError("a line is no object")
        yield raw, value
