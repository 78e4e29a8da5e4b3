"""The picture in the README can be drawn again from a real run."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generator import picture


async def test_a_run_of_the_demo_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "PICTURE", tmp_path / "demo.svg")
    drawn = picture.Drawn(2, False, tmp_path / "demo", 0, 0.0, 0, 7, 0.0, "", quiet=True)
    report = await drawn.run()
    assert report["delivered"] == 2
    words = picture.PICTURE.read_text(encoding="utf-8").replace("&#160;", " ")
    assert "delivered" in words
    assert "127.0.0.1:8400" in words
    assert str(tmp_path) not in words
