"""Which required drills are missing or old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.core.drill_plan import Held, Required, due

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "failed_since", "standing", "open_"),
    [
        (1, False, "good", False),
        (25, False, "near", False),
        (31, False, "old", True),
        (1, True, "failed", True),
        (None, True, "failed", True),
        (None, False, "missing", True),
    ],
)
def test_standing(age: int | None, failed_since: bool, standing: str, open_: bool) -> None:
    passed = None if age is None else NOW - age * DAY
    held = [Held("restore", "", "", NOW if failed_since else passed, passed)] if failed_since or passed else []
    [found] = due([Required("restore")], held, NOW)
    assert (found.standing, found.open) == (standing, open_)


def test_a_drill_with_a_partner_is_another_than_one_with_the_landscape() -> None:
    held = [Held("duplicate", "", "", NOW, NOW)]
    whole, partner = due([Required("duplicate"), Required("duplicate", partner="acme")], held, NOW)
    assert (whole.standing, partner.standing) == ("good", "missing")
