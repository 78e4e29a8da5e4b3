"""Each root-cause rule says what it can show, and says nothing where it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation, configure
from crossdock.ledger.people import OpenException
from crossdock.workbench.exceptions.hints import Facts, hint
from tests.pipeline.conftest import FILES


@pytest.fixture
def landscape(tmp_path: Path) -> Landscape:
    configure(LedgerLocation("sqlite", tmp_path / "ledger.sqlite3"))
    files = {
        **FILES,
        "value-maps/levels.yaml": "entries: {EXPRESS: express, STD: standard}\n",
        "systems/depot.yaml": FILES["systems/depot.yaml"].replace("concurrency: 64", "rate: 5")
        + "credentials: {api_key: env:DEPOT_KEY}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load(tmp_path)


def failed(code: str, message: str = "it failed", family: str = "rejected", **detail: Any) -> OpenException:
    return OpenException(
        1, b"", "f", code, family, "deliver", "depot", "orders", "order/shop/1", 0, "process", 0, "slot", "ops", message, detail, 0, 1, 0, 0,
        None, "", "", "", "c",
    )  # fmt: skip


def attempts(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code, "outcome": "deferred", "message": "", "at": 0} for code in codes]


CASES = [
    (failed("deliver.credential_refused", "401"), {"parked": "401"}, "credential", "env:DEPOT_KEY"),
    (
        failed("normalize.value_map_missing", map="levels", value="EXPRES", direction="to_canonical"),
        {},
        "value_map",
        "EXPRESS → express",
    ),
    (failed("normalize.value_map_missing", map="none", value="A"), {}, "report", "none"),
    (failed("reconcile.unknown", "their search is down", "uncertain", questions=6), {}, "reconcile", "6"),
    (
        failed("deliver.budget_exhausted", last="deliver.throttled"),
        {"attempts": attempts("deliver.throttled", "deliver.throttled")},
        "retry",
        "5/s",
    ),
    (failed("deliver.budget_exhausted", "all attempts", last="deliver.unavailable"), {"alike": 40}, "retry", "39"),
    (failed("deliver.refused", "You cannot post before the lock date 2026-10-31"), {}, "retry", "lock date"),
    (failed("deliver.refused", "product SKU-9 not found"), {}, "edit", "SKU-9"),
    (failed("validate.schema", problems=[{"path": "currency", "message": "no ISO code"}]), {}, "edit", "no ISO code"),
    (failed("authorize.field_not_owned", owner="shop"), {}, "report", "shop"),
    (failed("sequence.gap", "waits for 3"), {}, "wait", "waits for 3"),
    (failed("receive.conflict"), {}, "decide", "it failed"),
    (failed("expect.breached"), {"parked": "403"}, "credential", "403"),
    (failed("process.decision_needed", actions=["accept"]), {}, "decide", "it failed"),
    (failed("hub.defect"), {}, "report", "hub.defect"),
    (failed("deliver.refused", "no"), {}, "edit", "no"),
]


@pytest.mark.parametrize(("each", "facts", "mend", "shown"), CASES, ids=lambda value: getattr(value, "code", None))
def test_a_rule_shows_its_evidence(
    landscape: Landscape, each: OpenException, facts: dict[str, Any], mend: str, shown: str
) -> None:
    found = hint(each, Facts(landscape, **facts))
    assert found is not None
    assert found.mend == mend
    assert any(shown in value for _, value in found.evidence), found.evidence


def test_a_missing_entry_that_was_added_since_only_wants_a_retry(landscape: Landscape) -> None:
    each = failed("normalize.value_map_missing", map="levels", value="EXPR", direction="to_canonical")
    found = hint(each, Facts(landscape, map_entries={("levels", "EXPR"): "express"}))
    assert found is not None
    assert found.mend == "retry"


def test_nothing_is_said_where_nothing_can_be_shown(landscape: Landscape) -> None:
    assert hint(failed("deliver.budget_exhausted", last="deliver.contended"), Facts(landscape)) is None
    assert hint(failed("expect.breached"), Facts(landscape)) is None
