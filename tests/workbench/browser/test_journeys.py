"""The ten journeys of an operator, in real Chromium against a running hub: find what is stuck, mend it, see that it went on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crossdock.ledger.ids import written
from tests.workbench.browser.conftest import Port, Sit
from tests.workbench.conftest import PASSWORD, until

pytestmark = pytest.mark.slow

COUNTRY = "input[name$='shipping_address.country_code'], input[name$='shippingAddress.countryCodeV2']"
"""The shop's webhook and its polled list write the same field differently; whichever was first holds the order up."""


def test_1_she_signs_in_and_sees_what_is_expected_with_clocks_and_owners(port: Port, sit: Sit) -> None:
    with port.nothing_picked():
        number = port.orders()
        desk = sit("operator", to="/board/")
        desk.sees("What is expected")
        for lane in (
            "Order release",
            "Shipment confirmation",
            "Invoice readiness",
            "Return completion",
            "Acknowledgement due",
            "Feeds silent or slow",
        ):
            desk.sees(lane)
        until(lambda: (desk.goes("/board/"), number in desk.page.inner_text("#board"))[1])
        item = desk.page.locator("#board li", has_text=number).first.inner_text()
        assert re.search(r"(due in|cut-off) ", item)
        assert "owner operations" in item
        desk.picture("board")


def test_2_a_wrong_password_is_refused_and_a_page_waits_behind_the_sign_in(port: Port, sit: Sit) -> None:
    desk = sit(signed_in=False)
    desk.goes("/exceptions/")
    assert "/account/login/" in desk.page.url
    desk.page.fill("input[name=login]", "nobody")
    desk.page.fill("input[name=password]", "wrong")
    desk.page.click("main form button")
    assert "/account/login/" in desk.page.url
    name, _ = port.bench.person("viewer")
    desk.page.fill("input[name=login]", name)
    desk.page.fill("input[name=password]", PASSWORD)
    desk.page.click("main form button")
    desk.page.wait_for_url("**/exceptions/")


def test_3_he_finds_a_stuck_order_by_its_number_and_sees_why(port: Port, sit: Sit) -> None:
    number = port.orders(country="KP", city="Pyongyang")
    port.exception(number)
    desk = sit("operator", to="/exceptions/")
    desk.page.fill("input[type=search]", number)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_load_state("load")
    desk.page.locator("main table a, main li a").first.click()
    desk.page.wait_for_load_state("load")
    desk.sees("Export control forbids delivery")
    text = desk.page.inner_text("main")
    assert "finance" in text
    desk.page.locator("summary", has_text="received").first.click()
    assert "anna@example.com" not in desk.page.inner_text("main")
    assert "•••" in desk.page.inner_text("main")
    desk.picture("exception")


def test_4_he_corrects_a_field_sees_the_difference_and_the_order_goes_on(port: Port, sit: Sit) -> None:
    number = port.orders(country="KP", city="Pyongyang")
    exception = port.exception(number)
    desk = sit("operator", to=f"/exceptions/{written(exception)}/edit/")
    desk.page.locator(COUNTRY).fill("DE")  # hidden from her, but hers to replace
    desk.page.get_by_role("button", name="Check and show the difference").click()
    desk.sees("Nothing was sent yet")
    assert desk.page.locator("ins").count() >= 1
    desk.page.fill("textarea[name=reason]", "The customer moved to Hamburg")
    desk.picture("difference")
    desk.page.get_by_role("button", name="Replay it like this").click()
    until(lambda: port.settled(exception))
    until(lambda: port.rows("SELECT 1 FROM ledger_reference r WHERE r.key LIKE ? AND scheme='odoo:order'", f"%/{number}"))


def test_5_an_edit_that_fails_the_schema_says_so_beside_the_field(port: Port, sit: Sit) -> None:
    number = port.orders(country="KP", city="Pyongyang")
    exception = port.exception(number)
    desk = sit("operator", to=f"/exceptions/{written(exception)}/edit/")
    desk.page.locator(COUNTRY).fill("Nowhere")  # hidden from her, but hers to replace
    desk.page.get_by_role("button", name="Check and show the difference").click()
    desk.sees("It is not right yet; nothing was sent")
    desk.page.locator(".errorlist").first.wait_for(state="visible")
    assert not port.settled(exception)


def test_6_she_assigns_hands_over_and_resolves_with_a_note(port: Port, sit: Sit) -> None:
    number = port.orders(country="IR", city="Teheran")
    number_of_it = port.exception(number)
    exception = written(number_of_it)
    desk = sit("operator", to=f"/exceptions/{exception}/")
    desk.page.locator("details.do", has=desk.page.locator("#assignee")).locator("summary").click()
    desk.page.locator("details.do", has=desk.page.locator("#assignee")).locator("button").click()
    desk.page.wait_for_load_state("load")
    until(
        lambda: (
            (desk.goes(f"/exceptions/{exception}/"), desk.name in desk.page.inner_text("dl.facts >> nth=0"))[1]
            or desk.name in desk.page.inner_text("main")
        )
    )
    form = desk.page.locator("details.do", has=desk.page.locator("select[name=code]"))
    form.locator("summary").click()
    form.locator("select[name=code]").select_option(index=1)
    form.locator("textarea[name=note]").fill("The customer was called and buys elsewhere")
    form.get_by_role("button").click()
    until(lambda: port.settled(number_of_it))
    assert port.recorded("person:exception:resolve")


def test_7_a_partner_comes_back_and_everything_that_waited_goes_on(port: Port, sit: Sit) -> None:
    wms = port.town.wms
    key = wms.api_key
    port.call(setattr, wms, "api_key", "renewed-elsewhere")
    numbers = [port.orders() for _ in range(3)]
    until(lambda: port.rows("SELECT 1 FROM ledger_system WHERE system='wms-north' AND parked"))
    desk = sit("partner_manager", "operator", to="/board/cost/")
    until(lambda: (desk.page.reload(), "wms-north" in desk.page.inner_text("main"))[1])
    desk.sees("Nothing is sent to these systems until somebody mends them")
    desk.picture("standstill")
    port.call(setattr, wms, "api_key", key)
    [(exception,)] = until(
        lambda: port.rows("SELECT id FROM ledger_exception WHERE state<2 AND system='wms-north' AND subject='system'")
    )
    desk.goes(f"/exceptions/{written(exception)}/")
    for number in numbers:
        until(
            lambda number=number: port.rows(
                "SELECT 1 FROM ledger_reference WHERE key LIKE ? AND scheme='tracking'", f"%/{number}"
            )
        )
    until(lambda: not port.rows("SELECT 1 FROM ledger_system WHERE system='wms-north' AND parked"))


def test_8_a_bulk_job_is_planned_confirmed_and_reported(port: Port, sit: Sit) -> None:
    numbers = [port.orders(country="SY", city="Damascus", shop="woo-outlet") for _ in range(4)]
    for number in numbers:
        port.exception(number)
    desk = sit("operator", to="/jobs/plan/?action=assign&system=woo-outlet&code=validate.rule")
    desk.sees("can be done")
    desk.page.fill("#to", desk.name)
    desk.page.fill("#reason", "One of us looks at all of them")
    desk.picture("bulk-plan")
    desk.page.locator("form.card button.primary").click()
    desk.page.wait_for_url("**/jobs/*/")
    until(lambda: (desk.page.reload(), port.rows("SELECT 1 FROM ledger_job WHERE ended_at IS NOT NULL"))[1])
    for number in numbers:
        assert port.assignees(number) == {desk.name}
    desk.page.reload()
    desk.picture("bulk-report")


def test_9_an_order_is_found_by_its_waybill_and_protected_fields_are_shown_only_for_a_reason(port: Port, sit: Sit) -> None:
    number = port.orders()
    tracking = until(
        lambda: port.rows("SELECT value FROM ledger_reference WHERE key LIKE ? AND scheme='tracking'", f"%/{number}")
    )[0][0]
    until(lambda: port.rows("SELECT 1 FROM ledger_instance WHERE key LIKE ? AND stage='delivered'", f"%/{number}"))
    desk = sit("partner_manager", to="/transactions/")
    desk.page.fill("input[type=search]", tracking)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(f"**/{number}/")
    strip = desk.page.inner_text("ol.strip")
    for stage in ("placed", "confirmed", "released", "picked", "booked", "dispatched", "delivered"):
        assert stage in strip
    desk.page.locator("summary", has_text="received").first.click()
    assert "anna@example.com" not in desk.page.content()
    desk.picture("transaction")
    desk.page.fill("main input[name=reason]", "The carrier asks for the consignee")
    desk.page.get_by_role("button", name="Show them").click()
    desk.sees("That you looked is recorded")
    assert "anna@example.com" in desk.page.content()
    until(lambda: port.recorded("workbench:payload:unmasked"))
    desk.page.emulate_media(media="print")
    assert not desk.page.locator("nav.main").is_visible()
    assert desk.page.locator("ol.strip").first.is_visible()


def test_10_the_board_moves_by_itself_and_an_alert_is_taken_over(port: Port, sit: Sit) -> None:
    desk = sit("operator", to="/board/alerts/")
    number = port.orders(country="CU", city="Havanna", shop="woo-outlet")
    port.exception(number)
    until(lambda: (desk.page.reload(), desk.page.locator("main tbody a").count())[1])
    desk.page.locator("main tbody a", has_text="business rule").first.click() if desk.page.locator(
        "main tbody a", has_text="business rule"
    ).count() else desk.page.locator("main tbody a").first.click()
    desk.page.get_by_role("button", name="I take care of it").click()
    desk.sees("You take care of it")
    until(lambda: (desk.page.reload(), desk.name in desk.page.inner_text("dl.facts"))[1])
    assert port.recorded("person:alert:take")
    # the board shows what happens without being loaded again
    desk.goes("/board/")
    # asked by one evaluation at a time: the page's policy refuses an expression the browser would evaluate again by itself
    until(lambda: desk.page.evaluate("document.getElementById('live-status').dataset.state") == "live")
    loaded = desk.page.evaluate("performance.timeOrigin")
    with port.nothing_picked():  # it stays on the board as long as nobody picks it
        number = port.orders(shop="woo-outlet")
        until(lambda: number in desk.page.inner_text("#board"))
        assert desk.page.evaluate("performance.timeOrigin") == loaded
    desk.goes("/dashboards/")
    desk.page.locator("figure.chart summary").first.click()
    assert desk.page.locator("figure.chart table").first.is_visible()
    desk.picture("dashboards")


# --- whatever device, language and script there is ------------------------------------------------------------

PAGES = (
    "/board/", "/board/cost/", "/board/alerts/", "/board/release/", "/dashboards/", "/dashboards/?range=7d",
    "/dashboards/flows/order-shopify-eu/", "/dashboards/systems/wms-north/", "/transactions/", "/exceptions/", "/exceptions/?view=single",
    "/jobs/", "/account/", "/audit/",
)  # fmt: skip


def test_everything_is_readable_without_scripts(port: Port, sit: Sit) -> None:
    desk = sit("operator", "auditor", java_script_enabled=False)
    for path in PAGES:
        desk.goes(path)
        assert desk.page.locator("h1").count() == 1, path
        assert len(desk.page.inner_text("main")) > 20, path
    desk.goes("/board/")
    assert "Load the page again to see changes" in desk.page.inner_text("main")


def test_no_page_is_wider_than_a_phone(port: Port, sit: Sit) -> None:
    desk = sit("operator", "auditor", viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    for path in PAGES:
        desk.goes(path)
        wide = desk.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 362, f"{path} is {wide} px wide"
    desk.goes("/board/")
    desk.picture("board-phone")


def test_the_second_language_is_complete_on_these_pages(port: Port, sit: Sit) -> None:
    desk = sit("operator", to="/board/", locale="de-DE")
    desk.page.locator("select[name=language]").select_option("de")
    desk.page.locator("form[action='/language/'] button").click()
    desk.page.wait_for_load_state("load")
    assert desk.page.get_attribute("html", "lang") == "de"
    text = desk.page.inner_text("main")
    assert "Was erwartet wird" in text
    assert "Auftragsfreigabe" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(port: Port, sit: Sit, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    number = port.orders(country="KP", city="Pyongyang")
    exception = written(port.exception(number))
    key = port.rows("SELECT key FROM ledger_instance LIMIT 1")[0][0]
    desk = sit("operator", "auditor", color_scheme=scheme)
    found: dict[str, Any] = {}
    for path in (*PAGES, f"/exceptions/{exception}/", f"/exceptions/{exception}/edit/", f"/transactions/{key}/"):
        desk.goes(path)
        answer = axe.Axe().run(desk.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        violations = [
            f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])}) {one['nodes'][0].get('failureSummary', '')[:200]}"
            for one in answer.response["violations"]
        ]
        if violations:
            found[path] = violations
    assert found == {}
    desk.goes("/dashboards/")
    desk.picture(f"dashboards-{scheme}")
