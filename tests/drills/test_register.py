"""The register of drills: one line each, compared with the last of the kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.drills.register import RegisterUnreadable, compared, enter, entries

FIRST = {
    "drill": "failover",
    "began": "2026-01-01T00:00:00Z",
    "passed": True,
    "rto_seconds": 1.5,
    "drain_seconds": 4.0,
    "noticed_seconds": None,
}
OTHER = {"drill": "throttle", "began": "2026-01-02T00:00:00Z", "passed": True, "rto_seconds": 9.0}


def test_a_drill_is_compared_with_the_last_of_its_kind(tmp_path: Path) -> None:
    file = tmp_path / "kept/drills.jsonl"
    assert entries(file) == []
    for each in ({**FIRST, "rto_seconds": 99.0}, FIRST, OTHER):
        enter(file, each)
    now = {"drill": "failover", "rto_seconds": 1.25, "drain_seconds": None, "noticed_seconds": 0.5}
    assert compared(now, entries(file)) == {"began": FIRST["began"], "passed": True, "slower_by": {"rto_seconds": -0.25}}
    assert compared({"drill": "reorder"}, entries(file)) == {}


@pytest.mark.parametrize("content", [b"{", b"[1]\n", b'{"a": 1}\n', b"\xff\xfe"])
def test_a_file_that_is_no_register_is_refused_and_not_written_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(RegisterUnreadable):
        entries(file)
    assert file.read_bytes() == content


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegisterUnreadable):
        enter(tmp_path / "file/drills.jsonl", FIRST)
