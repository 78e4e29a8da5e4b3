"""The supplier portal: a supplier sees and answers its own orders and nothing else; what it sends is a message of the ordinary intake."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import load_workbook

from crossdock.canonical.gs1 import fault
from crossdock.ledger.ids import written
from tests.workbench.conftest import Browser, Workbench, filled, landscape_in, start_workbench, stop
from tests.workbench.scene import hidden

pytestmark = pytest.mark.slow

SUPPLIER = """kind: portal
may_see: [commercial]
title: {title}
owner: integration
trust: partner
options: {{supplier: {title}, gs1_prefix: "4012345", street: Weg 1, city: 10115 Berlin, currency: EUR}}
"""


def order(number: str, revision: int = 0, **more: Any) -> dict[str, Any]:
    """A purchase order as its JSON."""
    party = {"name": "Harbour & Pine", "address": {"street": "Kai 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}}
    line = {
        "sku": "BOLT-M8",
        "supplier_sku": "100-M8",
        "name": "Bolt M8",
        "unit_price": {"amount": "0.12", "currency": "EUR"},
        "tax_percent": "19",
    }
    return {
        "number": number, "revision": revision, "ordered_at": "2026-05-01T08:00:00Z", "buyer": party, "supplier": {"name": "Acme"},
        "ship_to": {**party, "name": "North depot"}, "currency": "EUR", "total": {"amount": "36", "currency": "EUR"},
        "delivery_date": "2026-05-20",
        "lines": [
            {**line, "number": "1", "quantity": {"value": "100", "unit": "C62"}},
            {**line, "number": "2", "name": "<b>Nut</b>", "quantity": {"value": "200", "unit": "C62"}},
        ],
        **more,
    }  # fmt: skip


@dataclass
class Portal:
    """A workbench with two suppliers, each with an order."""

    bench: Workbench
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9, 10**10)))

    def told(
        self, system: str, paper: dict[str, Any], name: str = "purchase_order.send", at: int = 1_777_622_400_000_000
    ) -> None:
        """An order was delivered to a supplier's list, as the pipeline leaves it in the ledger."""
        number = next(self.numbers)
        data = orjson.dumps({"purchase_order": paper, "key": f"purchase/odoo/{paper['number']}"})
        row = {
            "id": number, "identity": hashlib.blake2b(str(number).encode(), digest_size=16).digest(), "command_id": f"c{number}", "name": name,
            "system": system, "flow": "procurement", "key": f"purchase/odoo/{paper['number']}", "partition": 0, "budget": "", "data": data,
            "state": 10, "attempts": 1, "next_at": 0, "created_at": 1, "settled_at": at, "correlation": "",
        }  # fmt: skip
        with closing(sqlite3.connect(self.bench.folder / "var/ledger.sqlite3", timeout=30)) as connection, connection:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO ledger_delivery ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

    def messages(self, system: str) -> list[tuple[str, str]]:
        """(topic, dedupe key) of what a supplier sent, as the ledger has it."""
        return self.bench.rows("SELECT topic, dedupe_key FROM ledger_message WHERE system=? ORDER BY id", system)

    def body(self, system: str) -> dict[str, Any]:
        """The body of the newest message of a form."""
        from crossdock.ledger.payloads import decode

        (row,) = self.bench.rows("SELECT encoding, body FROM ledger_message WHERE system=? ORDER BY id DESC LIMIT 1", system)
        return dict(orjson.loads(decode(row[0], row[1])))


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = landscape_in(tmp_path_factory.mktemp("portal"))
    for name, title in (("portal-acme", "Acme Fasteners"), ("portal-bolt", "Bolt Brothers")):
        (folder / "systems" / f"{name}.yaml").write_text(SUPPLIER.format(title=title))
    bench = start_workbench(folder)
    try:
        bench.begin()
        found = Portal(bench)
        found.told("portal-acme", order("P00012"))
        found.told("portal-acme", order("PO/2026/13"))
        found.told("portal-bolt", order("P00099"))
        yield found
    finally:
        stop(bench)


@pytest.fixture(scope="module")
def acme(portal: Portal) -> Browser:
    return portal.bench.person("supplier", systems=["portal-acme"])[1]


@pytest.fixture(scope="module")
def bolt(portal: Portal) -> Browser:
    return portal.bench.person("supplier", systems=["portal-bolt"])[1]


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (answer.status_code, answer.text[:1500])
    return str(answer.text)


def sent(browser: Browser, path: str, status: int = 302, **typed: Any) -> str:
    """A form with its own hidden fields, sent."""
    answer = browser.post(path, {**hidden(page(browser, path)), **typed})
    assert answer.status_code == status, (answer.status_code, re.sub("<[^>]+>", " ", answer.text)[:2500])
    return str(answer.text)


def test_a_supplier_lands_on_its_own_orders_and_sees_nothing_else(portal: Portal, acme: Browser) -> None:
    assert acme.get("/").headers["location"].endswith("/portal/")
    text = page(acme, "/portal/")
    assert "P00012" in text
    assert "PO/2026/13" in text
    assert "P00099" not in text
    assert "/exceptions/" not in text
    detail = page(acme, "/portal/orders/portal-acme/PO/2026/13/")
    assert "Hamburg" in detail
    assert "&lt;b&gt;Nut&lt;/b&gt;" in detail


PATHS = (
    "/portal/orders/portal-bolt/P00099/",
    "/portal/orders/portal-acme/P00099/",
    "/portal/answer/portal-bolt/P00099/",
    "/portal/ship/portal-bolt/P00099/",
    "/portal/invoice/portal-bolt/P00099/",
    "/portal/upload/portal-bolt/",
    "/portal/upload/odoo/",
    "/portal/template/invoice/csv/portal-bolt/P00099/",
    "/portal/orders/odoo/P00012/",
    "/portal/orders/nobody/P00012/",
)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_anothers_is_not_there_and_that_is_recorded(portal: Portal, acme: Browser, path: str) -> None:
    before = len(portal.bench.records("workbench:access:denied"))
    page(acme, path, 404)
    if "template" not in path and "orders" not in path:
        assert acme.post(path, {"kind": "invoice"}).status_code == 404
    assert len(portal.bench.records("workbench:access:denied")) > before


def test_a_supplier_without_a_system_sees_no_portal(portal: Portal) -> None:
    _name, nobody = portal.bench.person("supplier")
    page(nobody, "/portal/", 404)
    page(nobody, "/account/")


def test_administrators_see_the_portal_but_do_not_speak_for_suppliers(portal: Portal) -> None:
    page(portal.bench.administrator, "/portal/orders/portal-bolt/P00099/")
    page(portal.bench.administrator, "/portal/answer/portal-bolt/P00099/", 404)


def test_an_answer_is_a_message_of_the_intake_and_a_form_sent_twice_is_one(portal: Portal, acme: Browser) -> None:
    path = "/portal/answer/portal-acme/P00012/"
    before = len(portal.messages("portal-acme"))
    fields = hidden(page(acme, path))
    typed = {
        "answer-0": "changed", "quantity-0": "80", "delivery_date-0": "2026-05-25", "reason-0": "short",
        "answer-1": "refused", "reason-1": "discontinued",
    }  # fmt: skip
    for _ in range(2):
        assert acme.post(path, {**fields, **typed}).status_code == 302
    assert len(portal.messages("portal-acme")) == before + 1
    document = portal.body("portal-acme")["document"]
    assert document["order_number"] == "P00012"
    assert document["verdict"] == "changed"
    assert [(line["order_line"], line["answer"]) for line in document["lines"]] == [("1", "changed"), ("2", "refused")]
    assert document["lines"][0]["quantity"] == {"value": "80", "unit": "C62"}
    text = page(acme, "/portal/orders/portal-acme/P00012/")
    assert "answered" in text
    assert "received" in text
    assert portal.bench.records("portal:paper:sent") or portal.bench.rows(
        "SELECT 1 FROM ledger_instruction WHERE data LIKE '%portal:paper:sent%'"
    )


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_sent(portal: Portal, acme: Browser) -> None:
    path = "/portal/answer/portal-acme/P00012/"
    before = len(portal.messages("portal-acme"))
    text = sent(acme, path, 422, **{"answer-0": "changed", "quantity-0": "1,5", "answer-1": "refused"})
    assert 'id="quantity-0-fault"' in text
    text = sent(acme, path, 422, **{"answer-0": "changed", "answer-1": "refused"})
    assert 'id="quantity-0-fault"' in text
    assert 'id="reason-1-fault"' in text
    assert len(portal.messages("portal-acme")) == before


def test_a_ship_notice_gets_ssccs_that_are_never_given_twice(portal: Portal, acme: Browser) -> None:
    path = "/portal/ship/portal-acme/P00012/"
    text = sent(acme, path, 200, do="package", **{"number": "LS-1", "line-0": "1", "quantity-0": "60", "package-0": "1", "rows": "2", "packages": "1", "p_package-0": "1"})  # fmt: skip
    assert 'name="p_package-1"' in text
    typed = {
        "number": "LS-1", "rows": "2", "packages": "2", "do": "send", "line-0": "1", "quantity-0": "60", "lot-0": "L1", "package-0": "1",
        "line-1": "1", "quantity-1": "40", "package-1": "2", "p_package-0": "1", "p_kind-0": "CT", "p_weight_kg-0": "12.5", "p_package-1": "2", "p_kind-1": "CT",
    }  # fmt: skip
    sent(acme, path, **typed)
    sent(acme, path, **{**typed, "number": "LS-2"})
    papers = portal.bench.rows("SELECT id, packages FROM portal_paper WHERE kind='ship_notice' ORDER BY id")
    given = [each["sscc"] for _id, packages in papers for each in orjson.loads(packages)]
    assert len(given) == len(set(given)) == 4
    assert not any(fault("sscc", each) for each in given)
    notice = portal.body("portal-acme")["document"]
    assert [line["package"] for line in notice["lines"]] == given[2:]
    pdf = acme.get(f"/portal/labels/{papers[0][0]}/")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert pdf.content == acme.get(f"/portal/labels/{papers[0][0]}/").content


def test_labels_of_others_are_not_there(portal: Portal, acme: Browser, bolt: Browser) -> None:
    (number,) = portal.bench.rows("SELECT max(id) FROM portal_paper WHERE system='portal-acme' AND kind='ship_notice'")[0]
    page(bolt, f"/portal/labels/{number}/", 404)
    page(bolt, "/portal/labels/999999/", 404)


def test_ssccs_asked_for_at_the_same_time_are_different(portal: Portal) -> None:
    _name, key = service(portal, "portal-acme")
    body = {
        "system": "portal-acme",
        "order_number": "P00012",
        "packages": [{"package": "1"}],
        "lines": [{"line": "1", "quantity": "1", "package": "1"}],
    }

    def notice(at: int) -> Any:
        return api(portal, key, "POST", "/portal/ship-notices", {**body, "number": f"LS-P{at}"})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(notice, range(12)))
    assert [answer.status_code for answer in answers] == [201] * 12
    assert len({answer.json()["sscc"][0] for answer in answers}) == 12


def test_an_invoice_must_come_to_its_total_and_the_arithmetic_is_shown(portal: Portal, acme: Browser) -> None:
    path = "/portal/invoice/portal-acme/P00012/"
    typed = {
        "number": "R-1",
        "issue_date": "2026-05-21",
        "quantity-0": "100",
        "unit_price-0": "0.12",
        "tax_percent-0": "19",
        "quantity-1": "",
    }
    text = sent(acme, path, 422, total="12", **typed)
    assert "14.28" in text
    sent(acme, path, total="14.28", **typed)
    invoice = portal.body("portal-acme")["document"]
    assert invoice["payable"] == {"amount": "14.28", "currency": "EUR"}
    assert invoice["taxes"][0]["tax"]["amount"] == "2.28"


def upload(browser: Browser, path: str, data: bytes, name: str, **typed: str) -> Any:
    fields = {**hidden(page(browser, path)), "decimal": ".", "dates": "iso", **typed}
    return browser.post(path, fields, files={"file": (name, data)})


def test_a_template_filled_in_is_read_and_its_faults_are_told_by_row_and_column(portal: Portal, acme: Browser) -> None:
    answer = acme.get("/portal/template/order_response/xlsx/portal-acme/P00012/")
    book = load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    sheet.cell(2, titles.index("answer") + 1).value = "changed"
    sheet.cell(2, titles.index("quantity") + 1).value = 70
    sheet.cell(3, titles.index("answer") + 1).value = "perhaps"
    stream = io.BytesIO()
    book.save(stream)
    path = "/portal/upload/portal-acme/"
    before = len(portal.messages("portal-acme"))
    refused = upload(acme, path, stream.getvalue(), "a.xlsx", kind="order_response")
    assert refused.status_code == 422
    assert "row 3" in refused.text
    assert "(answer)" in refused.text
    assert len(portal.messages("portal-acme")) == before
    sheet.cell(3, titles.index("answer") + 1).value = "accepted"
    stream = io.BytesIO()
    book.save(stream)
    assert upload(acme, path, stream.getvalue(), "a.xlsx", kind="order_response").status_code == 302
    assert len(portal.messages("portal-acme")) == before + 1


def test_a_file_that_speaks_of_anothers_order_is_refused(portal: Portal, acme: Browser) -> None:
    data = b"order_number,line,answer\r\nP00099,1,accepted\r\n"
    answer = upload(acme, "/portal/upload/portal-acme/", data, "a.csv", kind="order_response")
    assert answer.status_code == 422
    assert "none of your purchase orders" in answer.text


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7",
        b"PK\x03\x04junk",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">&b;</Invoice>',
        b"",
    ],
    ids=["pdf", "zip", "entity", "empty"],
)
def test_hostile_files_are_refused(portal: Portal, acme: Browser, data: bytes) -> None:
    answer = upload(acme, "/portal/upload/portal-acme/", data, "a.csv", kind="invoice")
    assert answer.status_code == 422


def test_a_form_sent_many_times_at_once_is_one_paper(portal: Portal) -> None:
    _name, key = service(portal, "portal-acme")
    body = {"system": "portal-acme", "order_number": "PO/2026/13", "lines": []}
    before = len(portal.messages("portal-acme"))

    def answer(_: int) -> Any:
        return api(portal, key, "POST", "/portal/answers", body, **{"Idempotency-Key": "same"})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(answer, range(6)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.json()["id"] for each in answers if each.status_code == 201}) == 1
    assert len(portal.messages("portal-acme")) == before + 1


def test_a_supplier_is_invited_from_the_page_of_people(portal: Portal) -> None:
    boss = portal.bench.administrator
    typed = {"kind": "person", "username": "sam.supplier", "role": "supplier"}
    refused = boss.post("/account/people/add/", typed)
    assert refused.status_code == 200
    assert "needs their system" in refused.text
    made = boss.post("/account/people/add/", {**typed, "systems": "portal-acme"})
    assert made.status_code == 302
    portal.bench.password("sam.supplier")
    sam = portal.bench.browser()
    assert sam.sign_in("sam.supplier").status_code == 302
    assert "P00012" in page(sam, "/portal/")


def test_a_newer_version_replaces_an_older_one_and_a_cancelled_order_is_not_answered(portal: Portal, bolt: Browser) -> None:
    portal.told("portal-bolt", order("P00100"))
    portal.told("portal-bolt", order("P00100", 1, note="now with a note"), "purchase_order.change")
    assert page(bolt, "/portal/").count("/P00100/") == 1
    assert "now with a note" in page(bolt, "/portal/orders/portal-bolt/P00100/")
    sent(bolt, "/portal/answer/portal-bolt/P00100/", **{"answer-0": "accepted", "answer-1": "accepted"})
    assert "to be answered" not in page(bolt, "/portal/orders/portal-bolt/P00100/")
    portal.told("portal-bolt", order("P00100", 2, note="another"), "purchase_order.change", at=4_000_000_000_000_000)
    assert "to be answered" in page(bolt, "/portal/orders/portal-bolt/P00100/")
    portal.told("portal-bolt", order("P00100", 3), "purchase_order.cancel")
    assert "cancelled" in page(bolt, "/portal/orders/portal-bolt/P00100/")
    before = len(portal.messages("portal-bolt"))
    sent(bolt, "/portal/answer/portal-bolt/P00100/", 422, **{"answer-0": "accepted", "answer-1": "accepted"})
    assert len(portal.messages("portal-bolt")) == before


def service(portal: Portal, system: str) -> tuple[str, str]:
    """A supplier's program with a key."""
    portal.bench.made += 1
    name = f"program{portal.bench.made}"
    body = {"name": name, "kind": "service", "roles": [{"role": "supplier", "systems": [system]}]}
    assert portal.bench.administrator.api("POST", "/accounts/people", body).status_code == 201
    answer = portal.bench.administrator.api("POST", f"/accounts/people/{name}/keys", {"rate": 100_000})
    return name, str(answer.json()["key"])


def api(portal: Portal, key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    import requests

    return requests.request(
        method, f"{portal.bench.url}/api{path}", json=body, headers={"Authorization": f"Bearer {key}", **headers}, timeout=60
    )


def test_programs_do_the_same_and_see_only_their_own(portal: Portal) -> None:
    _name, key = service(portal, "portal-bolt")
    listed = api(portal, key, "GET", "/portal/orders").json()["items"]
    assert {each["number"] for each in listed} >= {"P00099"}
    assert {each["system"] for each in listed} == {"portal-bolt"}
    assert api(portal, key, "GET", "/portal/orders/portal-acme/P00012").status_code == 404
    given = {"system": "portal-acme", "order_number": "P00012", "lines": []}
    assert api(portal, key, "POST", "/portal/answers", given).status_code == 404
    given = {
        "system": "portal-bolt",
        "order_number": "P00099",
        "lines": [{"line": "1", "answer": "changed", "unit_price": "0.15"}],
    }
    headers = {"Idempotency-Key": "a1"}
    first = api(portal, key, "POST", "/portal/answers", given, **headers)
    again = api(portal, key, "POST", "/portal/answers", given, **headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    wrong = api(portal, key, "POST", "/portal/answers", {**given, "lines": [{"line": "7", "answer": "accepted"}]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["path"] == "body.lines.0.line"
    content = base64.b64encode(b"order_number,line,answer\r\nP00099,1,no\r\n,2,no\r\n").decode()
    file = api(portal, key, "POST", "/portal/uploads", {"system": "portal-bolt", "kind": "order_response", "content": content})
    assert file.status_code == 422
    assert file.json()["errors"][0]["path"].startswith("row 3")


def test_every_page_is_there_in_german(portal: Portal, acme: Browser) -> None:
    acme.post("/language/", {"language": "de", "next": "/portal/"})
    try:
        assert "Bestellungen" in page(acme, "/portal/")
        assert "Antwort senden" in page(acme, "/portal/answer/portal-acme/P00012/")
    finally:
        acme.post("/language/", {"language": "en", "next": "/portal/"})


def test_no_page_holds_script_of_its_own() -> None:
    import crossdock.workbench.portal as room

    for template in (Path(room.__file__).parent / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert "<script" not in text
        assert not re.search(r"\son\w+=|style=", text), template.name


def test_unknown_parts_of_routes_are_no_errors(portal: Portal, acme: Browser) -> None:
    for path in (
        "/portal/template/order/csv/portal-acme/P00012/",
        "/portal/template/invoice/pdf/portal-acme/P00012/",
        "/portal/?before=!!",
    ):
        assert acme.get(path).status_code == 404, path
    assert acme.get(filled("/portal/orders/<str:system>/<path:number>/")).status_code == 404


BOLTS = "P00777"
FIXED = {"kind": "invoice", "form": "csv", "what": "state", "step": "transport", "lane": "money", "pk": "1", "grant": "1"}


@pytest.fixture(scope="module")
def bolts(portal: Portal) -> dict[str, list[tuple[str, str]]]:
    """What is Bolt's, by the parameter of a route that may carry it, each with a twin that nobody has."""
    portal.told("portal-bolt", order(BOLTS))
    name, key = service(portal, "portal-bolt")
    line = {"line": "1", "answer": "changed", "unit_price": "0.15"}
    paper = api(portal, key, "POST", "/portal/answers", {"system": "portal-bolt", "order_number": BOLTS, "lines": [line]}).json()[
        "id"
    ]
    ((delivery,),) = portal.bench.rows("SELECT id FROM ledger_delivery WHERE key=?", f"purchase/odoo/{BOLTS}")
    orders = [(BOLTS, "P00778"), (f"purchase/odoo/{BOLTS}", "purchase/odoo/P00778"), (written(delivery), written(delivery + 1))]
    return {
        "system": [("portal-bolt", "portal-none")],
        "portal": [("portal-bolt", "portal-none")],
        "name": [(name, "nobodyhere"), ("portal-bolt", "portal-none")],
        "prefix": [(key.split("_")[1][:8], "zzzzzzzz")],
        "int": [(str(paper), "999999"), ("1", "999998")],
        "number": orders,
        "key": orders,
        "path": orders,
    }


def attempts(path: str, known: dict[str, list[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """The route with what is Bolt's in it, and with what nobody has."""
    found = [("", "")]
    for plain, kind, named in re.findall(r"([^<{]*)(?:[<{](?:(\w+):)?(\w+)[>}])?", path):
        found = [(real + plain, twin + plain) for real, twin in found]
        if named in FIXED:
            found = [(real + FIXED[named], twin + FIXED[named]) for real, twin in found]
        elif named:
            # ninja writes {path:number}, Django <path:number>; an {int:…} takes numbers only
            values = known["int"] if kind == "int" else known[named]
            found = [(real + value, twin + other) for real, twin in found for value, other in values]
    yield from found


def bare(text: str, path: str) -> str:
    """An answer without what differs between any two requests: the path asked for and the marks of forms and requests."""
    for part in sorted({path, *path.split("/")}, key=len, reverse=True):
        if len(part) > 4:
            text = text.replace(part, "…")
    return re.sub(r'[A-Za-z0-9]{64}|nonce[-=]"?[\w+/=-]+|[0-9a-f-]{32,36}', "…", text)


@pytest.mark.parametrize("role", ["supplier", "operator"])
def test_whoever_is_limited_to_one_partner_meets_nothing_of_another_on_any_route(
    portal: Portal, routes: list[dict[str, Any]], bolts: dict[str, list[tuple[str, str]]], role: str
) -> None:
    """Every route with a parameter, every identifier of the other partner: what exists is answered like what does not."""
    bench = portal.bench
    _name, browser = bench.person(role, systems=["portal-acme"])
    bench.made += 1
    person = {"name": f"program{bench.made}", "kind": "service", "roles": [{"role": role, "systems": ["portal-acme"]}]}
    assert bench.administrator.api("POST", "/accounts/people", person).status_code == 201
    key = str(bench.administrator.api("POST", f"/accounts/people/{person['name']}/keys", {"rate": 100_000}).json()["key"])
    browser.get("/account/")  # whoever signed in is greeted once
    wrong, tried = [], 0
    for route in routes:
        if route["permission"] == "public" or not re.search("[<{]", route["path"]):
            continue
        if "/2fa/" in route["path"]:
            continue  # asks for the password again before it looks at any number, and the next page says so
        for method in sorted(set(route["methods"]) - {"HEAD"}):
            for real, twin in attempts(route["path"], bolts):
                answers = []
                for path in (real, twin):
                    if route["api"]:
                        answer = api(portal, key, method, path.removeprefix("/api"), None if method in ("GET", "DELETE") else {})
                    else:
                        answer = browser.get(path) if method == "GET" else browser.post(path, {})
                    answers.append((answer.status_code, answer.headers.get("location", ""), bare(answer.text, path)))
                tried += 1
                if (
                    answers[0] != answers[1] or answers[0][0] not in (302, 404, 422) or "Bolt Brothers" in answers[0][2]
                ):  # 302: dropping a filter that is none of one's own goes back to the list
                    wrong.append((method, real, answers[0][0], answers[1][0]))
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 100
