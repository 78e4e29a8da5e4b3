"""A supplier's journey in real Chromium: from the order to the answer, the ship notice with its labels and the invoice; on a phone, without script, accessible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.browser.conftest import PATIENCE, PICTURES
from tests.workbench.conftest import PASSWORD
from tests.workbench.test_portal import Portal, order
from tests.workbench.test_portal import portal as portal

pytestmark = pytest.mark.slow

PAGES = (
    "/portal/",
    "/portal/orders/portal-acme/P00012/",
    "/portal/answer/portal-acme/P00012/",
    "/portal/ship/portal-acme/P00012/",
    "/portal/invoice/portal-acme/P00012/",
    "/portal/upload/portal-acme/",
)


@pytest.fixture
def desk(portal: Portal, chromium: Any) -> Iterator[Any]:
    """Opens a browser with a new supplier signed in; it fails when a page breaks the content security policy."""
    contexts: list[Any] = []
    broken: list[str] = []

    def opened(**more: Any) -> Any:
        name, _browser = portal.bench.person("supplier", systems=["portal-acme"])
        context = chromium.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, "accept_downloads": True, **more}
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{portal.bench.url}/portal/")
        page.fill("input[name=login]", name)
        page.fill("input[name=password]", PASSWORD)
        page.click("main form button")
        page.wait_for_url("**/portal/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert broken == []


def shows(page: Any, text: str) -> None:
    page.get_by_text(text).first.wait_for(state="visible", timeout=PATIENCE * 1000)


def test_a_supplier_answers_ships_prints_and_invoices(portal: Portal, desk: Any, tmp_path: Path) -> None:
    portal.told("portal-acme", order("P00200"))
    page = desk()
    page.get_by_role("link", name="P00200").click()
    shows(page, "to be answered")
    page.locator("p.actions a", has_text="Answer").click()
    page.select_option("#answer-0", "changed")
    page.get_by_role("button", name="Send the answer").click()
    shows(page, "say what is different")
    assert page.locator("#answer-0").input_value() == "changed"
    page.fill("#quantity-0", "80")
    page.get_by_role("button", name="Send the answer").click()
    shows(page, "Your answer was sent.")

    page.locator("p.actions a", has_text="Ship notice").click()
    page.fill("#number", "LS-200")
    page.fill("#quantity-0", "80")
    page.fill("#lot-0", "L-7")
    page.fill("#quantity-1", "")
    page.get_by_role("button", name="Another package").click()
    page.wait_for_selector("#p_package-1")
    page.get_by_role("button", name="Send the ship notice").last.click()
    shows(page, "its labels can be printed")
    with page.expect_download() as download:
        page.get_by_role("link", name="2 labels (PDF)").click()
    download.value.save_as(tmp_path / "labels.pdf")
    assert (tmp_path / "labels.pdf").read_bytes().startswith(b"%PDF")

    page.locator("p.actions a", has_text="Invoice").click()
    page.fill("#number", "R-200")
    page.fill("#issue_date", "2026-05-21")
    page.fill("#quantity-0", "80")
    page.fill("#quantity-1", "")
    page.fill("#total", "10")
    page.get_by_role("button", name="Send the invoice").click()
    shows(page, "together 11.42")
    page.fill("#total", "11.42")
    page.get_by_role("button", name="Send the invoice").click()
    shows(page, "Your invoice was sent.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(PICTURES / "portal-order.png"), full_page=True)
    assert len(portal.messages("portal-acme")) == 3


def test_a_file_with_faults_is_told_by_row_and_column(portal: Portal, desk: Any, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    file.write_text("order_number,line,answer,quantity\r\nP00012,1,changed,many\r\n")
    page = desk()
    page.goto(f"{portal.bench.url}/portal/upload/portal-acme/")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Read and send").click()
    shows(page, "row 2, column D (quantity)")
    page.screenshot(path=str(PICTURES / "portal-upload.png"), full_page=True)


def test_every_page_is_accessible_and_fits_a_phone(portal: Portal, desk: Any) -> None:
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = desk()
    for path in PAGES:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(portal.bench.url + path)
        found = axe_module.Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found] == [], path
        page.set_viewport_size({"width": 390, "height": 800})
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, (path, width)
    page.screenshot(path=str(PICTURES / "portal-phone.png"), full_page=True)


def test_it_works_without_script(portal: Portal, desk: Any) -> None:
    portal.told("portal-acme", order("P00201"))
    page = desk(java_script_enabled=False)
    page.goto(f"{portal.bench.url}/portal/answer/portal-acme/P00201/")
    page.click("text=Send the answer")
    shows(page, "Your answer was sent.")
