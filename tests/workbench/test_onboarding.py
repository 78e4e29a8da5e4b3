"""A partner's way to live in the workbench: files from a template, a checklist that cannot be skipped, states that count, and the matrix beside it."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile

import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger.batch import EXCEPTION_COLUMNS
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.store import Store
from tests.workbench.conftest import Browser, Workbench

ACME = "acme-fasteners"
NUMBERS = Numbers(SystemClock(), 903)


@pytest.fixture(scope="module")
def manager(bench: Workbench) -> Browser:
    return bench.person("partner_manager")[1]


@pytest.fixture(scope="module")
def auditor(bench: Workbench) -> Browser:
    return bench.person("auditor")[1]


def test_a_new_partner_is_files_to_be_reviewed(manager: Browser) -> None:
    given = {
        "template": "retailer-850",
        "name": "big-shop",
        "title": "Big Shop",
        "identifier": "BIGSHOP",
        "ours": "HARBOUR",
        "owner": "operations",
    }
    answer = manager.post("/onboarding/new/", {**given, "email": "edi@big.example"})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        text = archive.read("partners/big-shop.yaml").decode()
        assert "value: BIGSHOP" in text and "value: HARBOUR" in text and "edi@big.example" in text
        assert b"*ZZ*BIGSHOP        *ZZ*HARBOUR        *" in archive.read("partners/big-shop/certification/1-order.edi")
        assert "order.placed" in archive.read("ADD-TO-ownership.yaml").decode()
    refused = manager.post("/onboarding/new/", {**given, "title": "Evil: {state: live}"})
    assert refused.status_code == 400
    assert "do not belong there" in refused.text


def test_the_checklist_cannot_be_skipped_and_a_suspension_needs_a_reason(bench: Workbench, manager: Browser) -> None:
    assert [each["state"] for each in manager.api("GET", "/onboarding/").json()] == ["live", "live"]
    told = manager.api("POST", f"/onboarding/{ACME}/state", {"to": "testing"}).json()
    assert (told["partner"]["state"], told["partner"]["file"], told["ready"]) == ("testing", "live", False)
    refused = manager.api("POST", f"/onboarding/{ACME}/state", {"to": "live"})
    assert (refused.status_code, refused.json()["code"]) == (409, "partner.not_ready")
    assert "transport, certification" in refused.json()["detail"]  # a drill may have been held by a test before
    assert "cannot be live" in manager.post(f"/onboarding/{ACME}/state/", {"to": "live"}).text

    # a failed test is kept and does not count: nobody answers at this address
    assert not manager.api("POST", f"/onboarding/{ACME}/tests/transport").json()["passed"]
    items = {each["name"]: each["done"] for each in manager.api("GET", f"/onboarding/{ACME}").json()["items"]}
    assert {**items, "drill": False} == {
        "identifiers": True, "contacts": True, "sla": True, "exception_owner": True, "transport": False, "certification": False, "drill": False,
    }  # fmt: skip
    assert manager.api("POST", f"/onboarding/{ACME}/drill", {"reason": "outage of their gateway"}).status_code == 200

    assert manager.api("POST", f"/onboarding/{ACME}/state", {"to": "suspended"}).status_code == 409
    assert manager.post(f"/onboarding/{ACME}/state/", {"to": "suspended", "reason": "doubled orders"}).status_code == 302
    page = manager.get(f"/onboarding/{ACME}/").text
    assert "suspended" in page and "doubled orders" in page and "outage of their gateway" in page
    # it was under test when it was suspended: the way back to live is the checklist
    assert manager.api("POST", f"/onboarding/{ACME}/state", {"to": "live"}).status_code == 409
    said = [each for each in bench.records("person:partner:") if each["tag"] == "person:partner:state"]
    assert [(each["before"], each["after"]) for each in said] == [("", "testing"), ("testing", "suspended")]
    assert manager.get("/onboarding/nobody/").status_code == 404
    assert manager.api("POST", "/onboarding/nobody/state", {"to": "live"}).status_code == 404
    assert "ausgesetzt" in manager.get(f"/onboarding/{ACME}/", headers={"Accept-Language": "de"}).text


def test_who_owns_what_and_what_was_refused(bench: Workbench, auditor: Browser, manager: Browser) -> None:
    told = auditor.api("GET", "/ownership/").json()
    owners = {each["entity"]: each["groups"][0]["owners"][0]["systems"] for each in told["entities"]}
    assert owners["product"] == ["odoo"]
    assert {each["event"]: each["finalizes"] for each in told["events"]}["order.placed"] == ["odoo"]
    number, now = NUMBERS.next(), int(time.time() * 1e6)
    detail = '{"system":"woo-outlet","event":"product.changed","fields":[{"field":"price","owners":["odoo"]},{"field":"name","owners":["odoo"]}]}'

    def exception(at: int, name: bytes) -> tuple[object, ...]:
        return (NUMBERS.next() if name != b"now" else number, name, "f", "authorize.field_not_owned", "rejected", "authorize", "woo-outlet", "",
                "product/1", 0, "event", 0, "", "", "=cmd", detail, 0, 1, at, at, None, "", "", "", "")  # fmt: skip

    store = Store(LedgerLocation.parse(f"sqlite:///{bench.folder}/var/ledger.sqlite3"))
    old = now - 8 * 86_400_000_000
    store.work.run(lambda s: s.insert("ledger_exception", EXCEPTION_COLUMNS, [exception(now, b"now"), exception(old, b"old")]))
    store.close()
    told = auditor.api("GET", "/ownership/").json()["refused"]
    assert [(each["system"], each["field"], each["owners"], each["outcome"]) for each in told] == [
        ("woo-outlet", "name", ["odoo"], "refused"), ("woo-outlet", "price", ["odoo"], "refused")
    ]  # fmt: skip
    page = auditor.get("/ownership/")
    assert f"/exceptions/{written(number)}/" in page.text
    rows = list(csv.DictReader(io.StringIO(auditor.get("/ownership/refused.csv").text)))
    assert [row["field"] for row in rows] == ["name", "price"]
    assert "wms-north" in auditor.get("/ownership/owners.csv").text
    assert auditor.get("/ownership/other.csv").status_code == 404
    assert manager.get("/ownership/").status_code == 404
    assert auditor.get("/onboarding/").status_code == 404


def test_the_evidence_of_a_transaction_is_taken_by_who_may_see_it_and_that_is_recorded(
    bench: Workbench, auditor: Browser
) -> None:
    """After the test above: an exception is all that is known of this key."""
    answer = auditor.get("/audit/evidence/product/1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        told = json.loads(archive.read("story.json"))
    assert (manifest["transaction"], manifest["masked"], told["steps"][0]["what"]) == (
        "product/1",
        True,
        "authorize: authorize.field_not_owned",
    )
    assert auditor.api("GET", "/audit/evidence/product/1").status_code == 200
    assert [each["key"] for each in bench.records("workbench:evidence:")] == ["product/1"] * 2
    elsewhere = bench.person("viewer", flows=["returns"])[1]
    for who, key in ((elsewhere, "product/1"), (auditor, "product/9"), (bench.person("supplier")[1], "product/1")):
        assert who.get(f"/audit/evidence/{key}").status_code == 404
        assert who.api("GET", f"/audit/evidence/{key}").status_code == 404
