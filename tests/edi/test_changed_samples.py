"""Clean samples, changed in ways that keep them right or break them: verdicts follow, positions lie in the segment that is named."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.edi.check import check_bytes
from tests.edi.messages import ORDER, ORDERS, corpus_folder, edifact, x12

BOM = b"\xef\xbb\xbf"
TRAILERS = (b"SE", b"GE", b"IEA", b"UNT", b"UNZ", b"UNE")


def _clean() -> Iterator[tuple[str, str, bytes]]:
    """Clean messages: our own, and every small clean sample of the corpus without binary segments and with one terminator throughout."""
    yield "x12", "own", x12(ORDER, ORDER)
    yield "edifact", "own", edifact(ORDERS, ORDERS)
    folder = corpus_folder()
    for sample in json.loads((folder / "manifest.json").read_text()) if folder is not None else ():
        if sample["cat"] not in ("x12", "edifact") or sample["env"] != "ok":
            continue
        data = Path(folder / sample["file"]).read_bytes()
        if (
            len(data) < 100_000
            and b"BIN" not in data
            and check_bytes(data)["verdict"] == "ok"
            and len(_segments(sample["cat"], data)[0]) > 5
        ):
            yield sample["cat"], sample["file"], data


def _segments(standard: str, data: bytes) -> tuple[list[bytes], bytes]:
    """The segments of a message without line breaks around them, and their terminator."""
    if standard == "x12":
        term = data[105:106]
        return [part.strip(b"\r\n") for part in data.split(term) if part.strip()], term
    release, term = (data[6:7], data[8:9]) if data.startswith(b"UNA") else (b"?", b"'")
    found, current, at = [], b"", 0
    while at < len(data):
        if data[at : at + 1] == release and release != b" ":
            current, at = current + data[at : at + 2], at + 2
            continue
        if data[at : at + 1] == term:
            found, current = [*found, current.strip(b"\r\n")], b""
        else:
            current += data[at : at + 1]
        at += 1
    return [part for part in found if part], term


CLEAN = list(_clean())
each_clean = pytest.mark.parametrize(("standard", "data"), [(s, d) for s, _, d in CLEAN], ids=[n for _, n, _ in CLEAN])


def _whole(segments: list[bytes], term: bytes, after: bytes = b"") -> bytes:
    return b"".join(segment + term + after for segment in segments)


def _sound(standard: str, data: bytes) -> dict[str, object]:
    """The verdict; every position of a whole segment must be where a segment of that tag begins."""
    found = check_bytes(data, guide="auto")
    assert found["verdict"] == "ok" or found["findings"]
    for each in check_bytes(data)["findings"]:
        assert 0 <= each["position"] <= len(data) + 3, each
        here = data[each["position"] : each["position"] + 12].lstrip(b"\r\n ")
        if each["segment"] and not each["element"] and each["code"].endswith(("-outside-ISA", "-without-ST", "-outside-GS")):
            assert here.startswith(each["segment"].encode("latin-1")), each
    return check_bytes(data)


@each_clean
def test_what_changes_nothing_stays_right(standard: str, data: bytes) -> None:
    segments, term = _segments(standard, data)
    for same in (BOM + data.removeprefix(BOM), b"\r\n\r\n" + data, data + b"\r\n\r\n  "):
        assert _sound(standard, same)["verdict"] == "ok"
    if term not in (b"\n", b"\r"):
        for after in (b"", b"\n", b"\r\n", b"\r", b"\n\n"):
            assert _sound(standard, _whole(segments, term, after))["verdict"] == "ok", after


@each_clean
def test_what_is_lost_or_doubled_is_seen(standard: str, data: bytes) -> None:
    segments, term = _segments(standard, data)
    chance = random.Random(len(data))
    last = max(data.rfind(b"IEA"), data.rfind(b"UNZ"))
    for _ in range(4):
        assert _sound(standard, data[: chance.randrange(1, last)])["verdict"] != "ok"
    begins = [at for at, each in enumerate(segments) if each.startswith(b"ST" if standard == "x12" else b"UNH")]
    ends = [at for at, each in enumerate(segments) if each.startswith(b"SE" if standard == "x12" else b"UNT")]
    inner = [
        at for begin, end in zip(begins, ends, strict=True) for at in range(begin + 1, end) if not segments[at].startswith(b"UNS")
    ]
    for at in chance.sample(inner, min(3, len(inner))):
        for changed in (segments[:at] + segments[at + 1 :], segments[: at + 1] + segments[at:]):
            codes = {each["code"] for each in _sound(standard, _whole(changed, term))["findings"]}  # type: ignore[attr-defined]
            assert any(code.startswith(("SE01", "UNT-count")) for code in codes), (segments[at], codes)
    for at in [at for at, each in enumerate(segments) if each.startswith(TRAILERS)]:
        assert _sound(standard, _whole(segments[:at] + segments[at + 1 :], term))["verdict"] != "ok", segments[at]


@each_clean
def test_the_same_interchange_twice_in_a_file_is_two_and_seen(standard: str, data: bytes) -> None:
    one = check_bytes(data)
    two = _sound(
        standard,
        data.rstrip() + (b"" if data.rstrip().endswith(_segments(standard, data)[1]) else _segments(standard, data)[1]) + data,
    )
    assert two["interchanges"] == 2 * one["interchanges"]
    assert two["verdict"] != "ok", "a control number came twice"


@pytest.mark.parametrize("data", [b"UNA:+.? '", b"UNA:+.? '\r\n", BOM + b"UNA:+.? '"])
def test_a_file_with_nothing_in_it_is_not_right(data: bytes) -> None:
    found = check_bytes(data)
    assert (found["verdict"], [each["code"] for each in found["findings"]]) == ("findings", ["no-UNB"])
