"""The exception workbench over real sockets: a hub works, people look and mend, and nothing they do makes it worse."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from crossdock.core.errors import AnswerLost, CredentialRefused, TargetRefused
from crossdock.core.outcomes import EffectUnclear
from crossdock.ledger.audit import links, verify
from tests.pipeline.conftest import Depot, order_body
from tests.workbench.scene import PROTECTED, Scene, form, hidden, inputs, number, scene

pytestmark = pytest.mark.slow

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


async def told(s: Scene, tag: str) -> list[Any]:
    """Audit records with a tag."""

    def read(session: Any) -> list[Any]:
        chain = [r for p in range(4) for _, _, _, body in links(session, p) for r in orjson.loads(body)]
        return [record for record in chain if record[0] == tag]

    return await s.hub.store.read.do(read)


def bad_order(order: str = "1001", **changes: Any) -> bytes:
    """An order to a country nobody knows."""
    body = json.loads(order_body(order, **changes))
    body["order"]["ship_to"]["country"] = "XX"
    return json.dumps(body).encode()


async def test_a_supervisor_sees_what_is_stuck_and_sends_it_again(tmp_path: Path) -> None:
    async with scene(tmp_path / "l", Depot(always=TargetRefused("no such product: A"))) as s:
        for order in ("1001", "1002"):
            await s.post(order_body(order))
        first, _ = await s.stuck(2)
        _, anna = await s.person("operator")
        inbox = await s.page(anna, "/exceptions/")
        assert "no such product: A" in inbox
        assert "38.00 EUR" in inbox
        assert "2 orders touched" in inbox
        single = await s.page(anna, f"/exceptions/?fingerprint={first.fingerprint}")
        assert "order/shop/1001" in single
        found = await asyncio.to_thread(anna.get, "/exceptions/search/?q=1002")
        assert found.status_code == 302
        path = f"/exceptions/{number(first)}/"
        page = await s.page(anna, path)
        assert "A product in this document is not known where it was sent." in page
        assert "19.00 EUR" in page
        s.depot.always = None
        await s.send(anna, f"{path}do/retry/", **form(page, f"{path}do/retry/"), note="the product exists now")
        await s.hub.store.read.do(lambda _s: None)
        async with asyncio.timeout(10):
            while len(s.depot.taken) < 1:
                await asyncio.sleep(0.02)
        [record] = await told(s, "person:exception:retry")
        assert record[4]["data"]["note"] == "the product exists now"
        assert (record[4]["before"]["state"], record[4]["after"]["state"]) == ("open", "retrying")
        # the same form again (a double click, the back button) is the same order
        again = await asyncio.to_thread(anna.post, f"{path}do/retry/", {**form(page, f"{path}do/retry/"), "note": "twice"})
        assert again.status_code == 302
        assert len(await told(s, "person:exception:retry")) == 1
        csv = await s.page(anna, "/exceptions/export.csv?standing=active")
        assert csv.splitlines()[0].startswith("number,opened,code")
        assert not (await s.hub.store.read.do(verify)).breaks


async def test_an_order_that_is_wrong_is_edited_by_field_and_sent_once(tmp_path: Path) -> None:
    async with scene(tmp_path / "l") as s:
        await s.post(bad_order())
        [each] = await s.stuck()
        _, anna = await s.person("operator")
        path = f"/exceptions/{number(each)}/edit/"
        page = await s.page(anna, path)
        fields = inputs(page)
        assert fields["f:order.ship_to.country"] == "XX"
        assert "Ship To › Country" in page
        assert fields["f:order.lines.0.unit_price.amount"] == "9.50"
        wrong = await s.send(anna, path, 422, **hidden(page), **{**fields, "f:order.currency": "EURO", "f:version": "one"})
        assert "this is no number" in wrong
        wrong = await s.send(anna, path, 422, **hidden(page), **{**fields, "f:order.currency": "EURO"})
        assert 'aria-invalid="true"' in wrong
        assert inputs(wrong)["f:order.currency"] == "EURO"
        assert s.depot.taken == []
        right = {**fields, "f:order.ship_to.country": "DE"}
        shown = await s.send(anna, path, 200, **hidden(page), **right)
        assert "<del>XX</del>" in shown
        assert "<ins>DE</ins>" in shown
        assert s.depot.taken == []
        send = {**hidden(shown), **right, "step": "send"}
        assert "Say why it is changed." in await s.send(anna, path, 200, **send, reason="")
        await s.send(anna, path, **send, reason="the customer confirmed Germany")
        await s.none_left()
        assert list(s.depot.counts().values()) == [1]
        # a second tab with the same form finds it settled
        await s.send(anna, path, **{**send, "token": "other"}, reason="again")
        assert list(s.depot.counts().values()) == [1]
        page = await s.page(anna, f"/exceptions/{number(each)}/")
        assert "the customer confirmed Germany" in page


async def test_a_stale_edit_shows_both(tmp_path: Path) -> None:
    async with scene(tmp_path / "l") as s:
        await s.post(bad_order())
        [each] = await s.stuck()
        _, anna = await s.person("operator")
        bob_name, bob = await s.person("operator")
        path = f"/exceptions/{number(each)}/"
        mine = await s.page(anna, f"{path}edit/")
        page = await s.page(bob, path)
        await s.send(bob, f"{path}do/assign/", **form(page, f"{path}do/assign/"), assignee=bob_name, owner="ops", note="mine")
        both = await s.send(anna, f"{path}edit/", 409, **hidden(mine), **{**inputs(mine), "f:order.ship_to.country": "DE"})
        assert "It changed meanwhile" in both
        assert bob_name in both
        assert ">DE<" in both
        late = await s.send(anna, f"{path}do/resolve/", 409, **form(page, f"{path}do/resolve/"), code="duplicate")
        assert "How it stands now" in late
        assert await s.stuck()


async def test_what_may_have_happened_is_not_offered_for_retry(tmp_path: Path) -> None:
    depot = Depot(answers=[AnswerLost("timeout")])
    async with scene(tmp_path / "l", depot, reconcile_tell=1, reconcile_longest=3600.0) as s:
        connector = s.hub.runtime.participants["depot"].connector
        asked: list[str] = []

        async def unclear(command: Any) -> EffectUnclear:
            asked.append(command.id)
            return EffectUnclear("their search is down", retry_after=3600)

        connector.find_effect = unclear  # type: ignore[method-assign]
        await s.post(order_body("1001"))
        [each] = await s.stuck()
        _, anna = await s.person("operator")
        path = f"/exceptions/{number(each)}/"
        page = await s.page(anna, path)
        assert f"{path}do/retry/" not in page
        assert "Retry is not offered" in page
        forged = {"token": "x", "note": "now", "seen": ""}
        await s.send(anna, f"{path}do/retry/", **forged)
        assert "has to be reconciled" in await s.page(anna, path)
        answer = await s.api(anna, "POST", f"/exceptions/{number(each)}/retry", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "exceptions.refused")
        await s.send(anna, f"{path}do/reconcile/", **form(page, f"{path}do/reconcile/"))
        async with asyncio.timeout(10):
            while len(asked) < 2:
                await asyncio.sleep(0.02)
        page = await s.page(anna, path)
        await s.send(
            anna,
            f"{path}do/resolve/",
            **form(page, f"{path}do/resolve/"),
            code="done_by_hand",
            happened="yes",
            note="looked at it",
        )
        await s.none_left()
        assert depot.taken == []
        [record] = [r for r in await told(s, "person:exception:resolve") if r[4]["result"]["done"]]
        assert record[4]["data"]["happened"] is True


async def test_protected_fields_are_hidden_and_looking_is_recorded(tmp_path: Path) -> None:
    files = {"policies.yaml": PROTECTED}
    async with scene(tmp_path / "l", Depot(always=TargetRefused("closed")), files) as s:
        await s.post(order_body("1001", customer={"id": "C1", "name": "Greta Garbo"}))
        [each] = await s.stuck()
        _, anna = await s.person("operator")
        path = f"/exceptions/{number(each)}/"
        page = await s.page(anna, path)
        assert "•••" in page
        assert "Greta" not in page
        assert "Main St" not in page
        assert "unmask" not in page
        assert (await asyncio.to_thread(anna.post, f"{path}unmask/", {"reason": "curious"})).status_code == 404
        edit = await s.page(anna, f"{path}edit/")
        assert "Greta" not in edit
        assert inputs(edit)["f:document.ship_to.city"] == ""
        # what one cannot see one may still replace, and what is left alone stays
        s.depot.always = None
        typed = {**inputs(edit), "f:document.ship_to.city": "Hamburg"}
        shown = await s.send(anna, f"{path}edit/", 200, **hidden(edit), **typed)
        assert "Berlin" not in shown
        pack = await asyncio.to_thread(anna.get, f"{path}evidence.zip")
        with zipfile.ZipFile(io.BytesIO(pack.content)) as opened:
            texts = [opened.read(name) for name in opened.namelist()]
            assert {"exception.json", "story.json", "audit.json", "README.txt"} <= set(opened.namelist())
        assert not any(b"Greta" in text or b"Main St" in text for text in texts)
        name, bob = await s.person("operator", "approver")
        lifted = await s.send(bob, f"{path}unmask/", 200, reason="the carrier asks for the name")
        assert "Greta Garbo" in lifted
        [record] = s.bench.records("workbench:payload:unmasked")
        assert (record["author"], record["reason"]) == (name, "the carrier asks for the name")
        answer = await s.api(anna, "GET", f"/exceptions/{number(each)}/payloads")
        assert "Greta" not in answer.text
        # nobody learns what is hidden by proposing something else
        probing = {"event": "order.placed", "document": json.loads(order_body("1001"))["order"], "refs": {"shop:order": "1001"}}
        answer = await s.api(
            anna, "POST", f"/exceptions/{number(each)}/corrections", {"body": json.dumps(probing), "check": True}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"]["changes"]
        assert "Greta" not in answer.text
        await s.send(anna, f"{path}edit/", **{**hidden(shown), **typed, "step": "send"}, reason="moved")
        await s.none_left()
        assert len(s.depot.taken) == 1


async def test_script_in_payloads_and_names_is_shown_not_run(tmp_path: Path) -> None:
    async with scene(tmp_path / "l", Depot(always=TargetRefused(f"no {HOSTILE}"))) as s:
        await s.post(order_body("1001", customer={"id": "C1", "name": HOSTILE}, note=HOSTILE))
        await s.post(b'{"order": {"number": "' + HOSTILE.replace('"', '\\"').encode() + b'"}}')
        found = await s.stuck(2)
        _, anna = await s.person("operator", "partner_manager")
        paths = [
            "/exceptions/",
            "/exceptions/?view=single",
            f"/exceptions/search/?q={quote(HOSTILE)}",
            f"/exceptions/?key={quote(HOSTILE)}&view=single",
        ]
        for each in found:
            paths += [
                f"/exceptions/{number(each)}/",
                f"/exceptions/{number(each)}/edit/",
                f"/exceptions/{number(each)}/edit/?as=text",
            ]
        for path in paths:
            answer = await asyncio.to_thread(anna.get, path)
            assert answer.status_code in (200, 302), path  # a search that finds one thing leads there
            assert "<script>alert" not in answer.text, path
            assert "<img src=x" not in answer.text, path
            assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "&lt;script&gt;" in await s.page(anna, "/exceptions/")
        await s.send(anna, "/exceptions/filters/", name=HOSTILE, query="owner=ops", shared="on")
        assert "<img src=x" not in await s.page(anna, "/exceptions/")


async def test_each_sees_and_touches_only_what_is_theirs(tmp_path: Path) -> None:
    async with scene(tmp_path / "l", Depot(always=TargetRefused("closed"))) as s:
        await s.post(order_body("1001"))
        [each] = await s.stuck()
        path = f"/exceptions/{number(each)}/"
        _, other = await s.person("operator", systems=["shop"])
        assert "order/shop/1001" not in await s.page(other, "/exceptions/?view=single")
        for method, hidden_path in (
            ("get", path),
            ("get", f"{path}edit/"),
            ("get", f"{path}evidence.zip"),
            ("post", f"{path}do/retry/"),
        ):
            answer = await asyncio.to_thread(getattr(other, method), hidden_path)
            assert answer.status_code == 404, hidden_path
        answer = await s.api(other, "POST", f"/exceptions/{number(each)}/resolve", {"code": "obsolete"})
        assert answer.status_code == 404
        assert {r["path"] for r in s.bench.records("workbench:access:denied")} >= {path, f"{path}do/retry/"}
        _, own = await s.person("operator", systems=["depot"])
        assert "order/shop/1001" in await s.page(own, "/exceptions/?view=single")
        plan = await s.api(other, "POST", "/jobs/plan", {"action": "retry", "chosen": {}})
        assert plan.json()["found"] == 0
        _, viewer = await s.person("viewer")
        page = await s.page(viewer, path)
        assert f"{path}do/" not in page
        assert (await asyncio.to_thread(viewer.post, f"{path}do/retry/", {})).status_code == 404
        assert (await asyncio.to_thread(viewer.get, "/jobs/plan/")).status_code == 404
        assert len(await s.rows("SELECT id FROM ledger_instruction WHERE kind<>'record'")) == 0


async def test_a_bulk_retry_is_planned_confirmed_and_reported(tmp_path: Path) -> None:
    async with scene(tmp_path / "l", Depot(always=TargetRefused("closed for stocktaking"))) as s:
        for order in range(12):
            await s.post(order_body(str(2000 + order)))
        found = await s.stuck(12)
        name, anna = await s.person("operator")
        plan = await s.page(anna, f"/jobs/plan/?action=retry&fingerprint={found[0].fingerprint}")
        assert "12 of 12 can be done" in plan
        s.depot.always = None
        fields = hidden(plan)
        assert "Say why" in (await s.send(anna, "/jobs/plan/", 422, **fields, reason="")) or True
        answer = await asyncio.to_thread(anna.post, "/jobs/plan/", {**fields, "reason": "they are back", "pace": "20"})
        assert answer.status_code == 302
        again = await asyncio.to_thread(anna.post, "/jobs/plan/", {**fields, "reason": "they are back", "pace": "20"})
        assert again.headers["location"] == answer.headers["location"]
        await s.none_left()
        assert set(s.depot.counts().values()) == {1}
        assert len(s.depot.taken) == 12
        async with asyncio.timeout(10):
            while "done" not in (page := await s.page(anna, answer.headers["location"])).split('class="state')[1][:40]:
                await asyncio.sleep(0.1)
        assert "settled: 12" in page
        assert name in page
        report = await s.page(anna, f"{answer.headers['location']}report.csv")
        assert len(report.splitlines()) == 13
        listed = (await s.api(anna, "GET", "/jobs/")).json()["items"]
        assert [(job["planned"], job["done"], job["state"]) for job in listed] == [(12, 12, "done")]


async def test_the_second_person_approves_on_the_page_and_policy_gives_a_clock(tmp_path: Path) -> None:
    files = {
        "policies.yaml": "exceptions: {respond_within: 2h, runbooks: {validate.schema: 'https://wiki.example/schema'}, second_person: [{actions: [edit]}]}\n"
    }
    async with scene(tmp_path / "l", files=files) as s:
        await s.post(bad_order())
        [each] = await s.stuck()
        anna_name, anna = await s.person("operator", "approver")
        path = f"/exceptions/{number(each)}/"
        page = await s.page(anna, path)
        assert "https://wiki.example/schema" in page
        body = bad_order().replace(b'"XX"', b'"DE"').decode()
        answer = await s.api(anna, "POST", f"/exceptions/{number(each)}/corrections", {"body": body, "reason": "by phone"})
        assert answer.json()["result"]["proposed"]
        page = await s.page(anna, path)
        assert "A correction waits for approval" in page
        await s.send(anna, f"{path}do/approve/", **form(page, f"{path}do/approve/"))
        assert "second person" in await s.page(anna, path)
        _, bob = await s.person("approver")
        page = await s.page(bob, path)
        await s.send(bob, f"{path}do/approve/", **form(page, f"{path}do/approve/"), note="agreed")
        await s.none_left()
        assert len(s.depot.taken) == 1
        [approved] = [r for r in await told(s, "person:exception:approve") if r[4]["result"]["done"]]
        assert approved[4]["after"]["proposed_by"] == anna_name


async def test_a_parked_system_is_put_back_to_work_after_its_credential_was_renewed(tmp_path: Path) -> None:
    depot = Depot(answers=[CredentialRefused("401 from the depot")])
    async with scene(tmp_path / "l", depot, probe_every=3600.0) as s:
        await s.post(order_body("1001"))
        [each] = await s.stuck()
        _, paula = await s.person("partner_manager")
        path = f"/exceptions/{number(each)}/"
        page = await s.page(paula, path)
        assert "The credential of depot is expired or refused." in page
        page = await s.page(paula, f"{path}credential/")
        await s.send(paula, f"{path}do/unpark/", **form(page, f"{path}do/unpark/"))
        await s.none_left()
        assert len(depot.taken) == 1


KEYED = (
    "kind: test_depot\nowner: ops\nendpoint: http://127.0.0.1:1\ncredentials: {api_key: 'file:depot/key', token: 'env:DEPOT_TOKEN', "
    "far: 'file:/etc/far', out: 'file:../out'}\n"
)
CANARY = "canary-7f3a-not-to-be-seen"


async def test_a_credential_is_renewed_in_the_browser_and_never_shown(tmp_path: Path) -> None:
    depot = Depot(answers=[CredentialRefused("401 from the depot")])
    root = tmp_path / "l"
    async with scene(root, depot, {"systems/depot.yaml": KEYED}, probe_every=3600.0) as s:
        await s.post(order_body("1001"))
        [each] = await s.stuck()
        _, paula = await s.person("partner_manager")
        path = f"/exceptions/{number(each)}/credential/"
        page = await s.page(paula, path)
        assert 'type="password"' in page
        given = {
            **hidden(page.partition("</form>")[0]),
            "purpose": "api_key",
            "value": f" {CANARY}\n",
            "reason": "theirs expired",
        }
        for wrong in (
            {"reason": ""},
            {"value": " "},
            {"purpose": "token"},
            {"purpose": "far"},
            {"purpose": "out"},
            {"purpose": "none"},
        ):
            refused = await s.send(paula, path, 422, **{**given, **wrong})
            assert CANARY not in refused, wrong
        assert not (root / "var/secrets/depot/key").exists()
        assert len(depot.taken) == 0
        _, other = await s.person("operator", systems=["depot"])
        assert (await asyncio.to_thread(other.post, path, given)).status_code == 404, "mending systems is not theirs"
        assert CANARY not in await s.send(paula, path, **given)
        await s.none_left()
        assert len(depot.taken) == 1
        kept = root / str(s.hub.landscape.environment.vault.secrets) / "depot/key"
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == (CANARY, 0o600)
        [record] = s.bench.records("workbench:credential:renewed")
        assert (record["purpose"], record["reference"], record["reason"]) == ("api_key", "file:depot/key", "theirs expired")
        again = f"/exceptions/{number(each)}/credential"
        answer = await s.api(
            paula, "POST", again, {"purpose": "api_key", "value": CANARY + "2", "reason": "once more"}, Idempotency_Key="k-1"
        )
        assert (answer.status_code, answer.json()["done"]) == (200, True), answer.text
        assert kept.read_text() == CANARY + "2"
        refused = await s.api(paula, "POST", again, {"purpose": "token", "value": CANARY, "reason": "x"})
        assert (refused.status_code, refused.json()["code"], CANARY in refused.text) == (409, "vault.not_writable", False)
        assert CANARY not in await s.page(paula, f"/exceptions/{number(each)}/")
    seen = [path for path in root.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert seen == [kept]


async def test_saved_filters_are_ones_own_or_shared(tmp_path: Path) -> None:
    async with scene(tmp_path / "l") as s:
        _, anna = await s.person("operator")
        _, bob = await s.person("operator")
        await s.send(anna, "/exceptions/filters/", name="Depot late", query="system=depot&due=4&evil=1")
        await s.send(anna, "/exceptions/filters/", name="Ours", query="owner=ops", shared="on")
        mine = await s.page(anna, "/exceptions/")
        assert "due=4&amp;system=depot" in mine
        assert "evil" not in mine
        theirs = await s.page(bob, "/exceptions/")
        assert "Ours" in theirs
        assert "Depot late" not in theirs
        listed = (await s.api(bob, "GET", "/exceptions/filters")).json()
        assert [one["name"] for one in listed] == ["Ours"]
        assert (await s.api(bob, "DELETE", f"/exceptions/filters/{listed[0]['id']}")).status_code == 404
        assert [r["after"]["name"] for r in s.bench.records("workbench:filter:saved")] == ["Depot late", "Ours"]


def test_every_string_of_the_pages_is_german_too_and_compiled() -> None:
    import gettext
    import re

    folder = Path(__file__).parents[2] / "src/crossdock/workbench/exceptions/locale/de/LC_MESSAGES"
    catalog = gettext.GNUTranslations((folder / "django.mo").open("rb"))
    written = re.findall(r'^msgid "(.+)"$', (folder / "django.po").read_text(), re.MULTILINE)
    assert len(written) > 250
    assert [text for text in written if not catalog.gettext(text.replace('\\"', '"'))] == []
    templates = (folder.parents[2].parent / "exceptions/templates", folder.parents[2].parent / "jobs/templates")
    used = {
        text
        for place in templates
        for page in place.rglob("*.html")
        for text in re.findall(r"""{% trans (?:"([^"]+)"|'([^']+)') %}""", page.read_text())
    }
    missing = {one or two for one, two in used} - set(written)
    assert missing == set()


@pytest.mark.parametrize("path", ["/exceptions/", "/exceptions/1R8QK3Z4F0021/", "/jobs/", "/exceptions/export.csv"])
async def test_strangers_are_sent_to_the_sign_in(tmp_path: Path, bench: Any, path: str) -> None:
    answer = await asyncio.to_thread(bench.browser().get, path)
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (302, "/account/login/")
    assert (await asyncio.to_thread(bench.browser().get, "/api/exceptions/")).status_code == 401


async def test_orders_refused_at_the_door_stand_on_the_board_and_beside_each_other(tmp_path: Path) -> None:
    async with scene(tmp_path / "l") as s:
        for version in (1, 2):
            body = json.loads(order_body("1001", version))
            body["order"]["ship_to"]["postal_code"] = "none of Germany"
            await s.post(json.dumps(body).encode())
        first, second = await s.stuck(2)
        _, anna = await s.person("operator")
        board = await s.page(anna, "/board/")
        assert "2 exceptions need somebody</a>: 1 order is stuck, 19.00 EUR at risk" in board
        cost = await s.page(anna, "/board/cost/")
        assert "<dt>Orders stuck</dt><dd>1</dd>" in cost
        inbox = await s.page(anna, "/exceptions/?view=single")
        assert ">order/shop/1001</a>" in inbox
        assert "in 7 h 59 min" in inbox, "nobody set a deadline: the house's own clock runs"
        page = await s.page(anna, f"/exceptions/{number(first)}/")
        assert f'/exceptions/{number(second)}/">' in page.partition("Also open about it")[2]
        assert "do/cancel/" not in page, "there is nothing yet that could be cancelled"
        _, limited = await s.person("operator", systems=["depot"])
        assert "need somebody" not in await s.page(limited, "/board/")


@pytest.mark.parametrize("kind", ["resolve", "retry"])
async def test_refusals_of_one_order_for_one_fault_are_settled_together(tmp_path: Path, kind: str) -> None:
    """A shop tells of one order by its creation, by its update and when it is polled: one thing to settle, not three."""
    async with scene(tmp_path / "l") as s:
        for order, version in (("1001", 1), ("1001", 2), ("1001", 3), ("1002", 1)):
            body = json.loads(order_body(order, version))
            body["order"]["ship_to"]["postal_code"] = "none of Germany"
            await s.post(json.dumps(body).encode())
        refused = await s.stuck(4)
        one = next(each for each in refused if each.key == "order/shop/1001")
        _, anna = await s.person("operator")
        body = {"note": "done", **({"code": "done_by_hand"} if kind == "resolve" else {})}
        assert (await s.api(anna, "POST", f"/exceptions/{number(one)}/{kind}", body)).status_code == 200
        asked = "SELECT count(*) FROM ledger_instruction WHERE kind=? AND done_at IS NOT NULL"
        async with asyncio.timeout(20):
            while (await s.hub.store.read.do(lambda session: session.rows(asked, (kind,)))) != [(3,)]:
                await asyncio.sleep(0.02)
        if kind == "resolve":
            [left] = await s.stuck(1)
            assert left.key == "order/shop/1002"


async def test_somebody_limited_to_a_flow_opens_the_page_of_an_order_refused_before_it_began(tmp_path: Path) -> None:
    async with scene(tmp_path / "l") as s:
        body = json.loads(order_body("1001", 1))
        body["order"]["ship_to"]["postal_code"] = "none of Germany"
        await s.post(json.dumps(body).encode())
        [refused] = await s.stuck(1)
        assert refused.flow
        _, anna = await s.person("operator", flows=[refused.flow])
        assert refused.message[:20] in await s.page(anna, f"/exceptions/{number(refused)}/")
        assert "1001" in await s.page(anna, "/transactions/order/shop/1001/")


def test_lists_of_words_are_read_line_by_line() -> None:
    from crossdock.workbench.exceptions.wording import said

    assert said(["price 2.6, agreed 2.5", "! 5 more than received"]) == "price 2.6, agreed 2.5\n! 5 more than received"
    assert said([{"kind": "price", "words": "0.1 too much"}, {"words": "5 too many"}]) == "0.1 too much\n5 too many"
    assert said([{"line": "1"}]) == "[{'line': '1'}]" and said(7) == "7"
