"""People, roles and scopes over the API and the pages: what was done is recorded with before and after; nobody is left locked out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from crossdock.ledger.windows import condition
from crossdock.security.access import Grant, Person, allowed, data_classes, windows
from crossdock.security.roles import Permission, Role
from crossdock.security.scope import Facts, Scope, Subject
from tests.workbench.conftest import Workbench


def test_roles_are_given_and_taken_with_before_and_after(bench: Workbench) -> None:
    name, browser = bench.person("viewer")
    given = bench.administrator.api("POST", f"/accounts/people/{name}/roles", {"role": "auditor"})
    assert given.status_code == 201
    assert browser.get("/audit/").status_code == 200
    assert bench.administrator.api("DELETE", f"/accounts/people/{name}/roles/{given.json()['id']}").status_code == 204
    assert browser.get("/audit/").status_code == 404
    mine = [each for each in bench.records("workbench:role:") if each["account"] == name]
    assert [(each["tag"], each["author"], each["before"], each["after"]) for each in mine] == [
        ("workbench:role:given", "root", [{"role": "viewer"}], [{"role": "viewer"}, {"role": "auditor"}]),
        ("workbench:role:taken", "root", [{"role": "viewer"}, {"role": "auditor"}], [{"role": "viewer"}]),
    ]


def test_the_same_role_is_not_given_twice(bench: Workbench) -> None:
    name, _ = bench.person("viewer")
    first = bench.administrator.api(
        "POST", f"/accounts/people/{name}/roles", {"role": "operator", "flows": ["order-odoo"]}
    ).json()
    again = bench.administrator.api(
        "POST", f"/accounts/people/{name}/roles", {"role": "operator", "flows": ["order-odoo"]}
    ).json()
    assert first["id"] == again["id"]


def test_a_scope_the_landscape_does_not_know_is_told_by_its_field(bench: Workbench) -> None:
    name, _ = bench.person("viewer")
    answer = bench.administrator.api(
        "POST", f"/accounts/people/{name}/roles", {"role": "operator", "systems": ["nowhere"], "regions": ["eu"]}
    )
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["errors"]] == ["body.systems"]


def test_a_role_for_a_part_does_not_manage_the_whole(bench: Workbench) -> None:
    _, browser = bench.person("administrator", systems=["wms-north"])
    for path in ("/account/people/", "/audit/"):
        assert browser.get(path).status_code == 404


def test_the_last_administrator_stays(alone: Workbench) -> None:
    alone.begin()
    root = alone.administrator
    mine = root.api("GET", "/accounts/people/root").json()["roles"]
    assert root.api("DELETE", f"/accounts/people/root/roles/{mine[0]['id']}").json()["code"] == "accounts.last_administrator"
    assert root.api("PUT", "/accounts/people/root/active", {"active": False}).status_code == 409
    alone.person("administrator", systems=["odoo"])  # for a part of the hub: does not count
    assert root.api("PUT", "/accounts/people/root/active", {"active": False}).status_code == 409
    assert root.signed_in
    name, other = alone.person("administrator")
    # two administrators take the role from each other at the same moment: one of them keeps it
    theirs = root.api("GET", f"/accounts/people/{name}").json()["roles"]
    with ThreadPoolExecutor(2) as pool:
        answers = [
            pool.submit(root.api, "DELETE", f"/accounts/people/{name}/roles/{theirs[0]['id']}"),
            pool.submit(other.api, "DELETE", f"/accounts/people/root/roles/{mine[0]['id']}"),
        ]
        codes = sorted(answer.result().status_code for answer in answers)
    assert codes in ([204, 404], [204, 409])


def test_pages_do_what_the_api_does(bench: Workbench) -> None:
    root = bench.administrator
    data = {
        "kind": "person",
        "username": "paula",
        "full_name": "Paula",
        "email": "",
        "role": "operator",
        "systems": ["wms-north"],
    }
    page = root.post("/account/people/add/", data).headers["location"]
    assert "wms-north" in root.get(page).text
    shown = root.post(page + "invite/").text
    assert "/account/welcome/" in shown
    assert root.post(page + "role/", {"role": "viewer"}).status_code == 302
    assert root.post(page + "teams/", {"teams": ["operations"]}).status_code == 302
    told = root.api("GET", "/accounts/people/paula").json()
    assert [each["role"] for each in told["roles"]] == ["operator", "viewer"]
    assert told["teams"] == ["operations"]
    assert root.post(page + "active/", {"active": "0"}).status_code == 302
    assert root.api("GET", "/accounts/people/paula").json()["active"] is False


def test_accounts_are_listed_in_pages_that_join(bench: Workbench) -> None:
    for _ in range(4):
        bench.service("viewer")
    seen: list[str] = []
    after = ""
    while True:
        page = bench.administrator.api("GET", f"/accounts/people?limit=3&after={after}").json()
        seen += [each["name"] for each in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == sorted(set(seen))
    assert len(seen) >= 5
    wrong = bench.administrator.api("GET", "/accounts/people?after=%21nonsense")
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "query.after")


# --- the one place that decides ---------------------------------------------------------------------------

FACTS = Facts({"wms-north": "eu", "wms-west": "us", "odoo": "eu"})


def person(role: Role, **scope: frozenset[str]) -> Person:
    return Person("somebody", (Grant(role, Scope(**scope)),))


@pytest.mark.parametrize(
    ("scope", "subject", "inside"),
    [
        ({}, Subject(), True),
        ({"flows": frozenset({"a"})}, Subject("a"), True),
        ({"flows": frozenset({"a"})}, Subject("b"), False),
        ({"flows": frozenset({"a"})}, Subject(), False),
        ({"systems": frozenset({"wms-north"})}, Subject.of("a", "wms-north", "odoo"), True),
        ({"systems": frozenset({"wms-north"})}, Subject.of("a", "odoo"), False),
        ({"regions": frozenset({"us"})}, Subject.of("a", "wms-west"), True),
        ({"regions": frozenset({"us"})}, Subject.of("a", "wms-north"), False),
        ({"regions": frozenset({"us"})}, Subject.of("a", "unknown"), False),
        ({"data_classes": frozenset({"order"})}, Subject("a", data_classes=frozenset({"order"})), True),
        ({"data_classes": frozenset({"order"})}, Subject("a", data_classes=frozenset({"order", "payment"})), False),
        ({"flows": frozenset({"a"}), "regions": frozenset({"us"})}, Subject.of("a", "wms-north"), False),
    ],
)
def test_a_scope_covers_what_lies_inside_all_its_limits(scope: dict[str, frozenset[str]], subject: Subject, inside: bool) -> None:
    assert allowed(person(Role.OPERATOR, **scope), Permission.EXCEPTIONS_ACT, subject, FACTS) is inside


def test_windows_narrow_rows_as_scopes_narrow_subjects() -> None:
    import sqlite3

    rows = [(flow, system) for flow in ("a", "b", "") for system in ("wms-north", "wms-west", "odoo", "")]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (flow, system)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    for scopes in (
        [Scope()],
        [Scope(flows=frozenset({"a"}))],
        [Scope(regions=frozenset({"eu"}))],
        [Scope(regions=frozenset({"mars"}))],
        [Scope(flows=frozenset({"b"}), systems=frozenset({"odoo"})), Scope(regions=frozenset({"us"}))],
        [],
    ):
        somebody = Person("somebody", tuple(Grant(Role.VIEWER, scope) for scope in scopes))
        sql, args = condition(windows(somebody, Permission.EXCEPTIONS_SEE, FACTS))
        found = set(connection.execute(f"SELECT flow, system FROM t WHERE {sql}", args))
        expected = {row for row in rows if allowed(somebody, Permission.EXCEPTIONS_SEE, Subject.of(*row), FACTS)}
        assert found == expected, scopes


def test_data_classes_of_several_grants_join() -> None:
    somebody = Person(
        "somebody",
        (
            Grant(Role.VIEWER, Scope(data_classes=frozenset({"order"}))),
            Grant(Role.VIEWER, Scope(frozenset({"a"}), data_classes=frozenset({"payment"}))),
        ),
    )
    assert data_classes(somebody, Permission.PAYLOAD_SEE, Subject("a")) == {"order", "payment"}
    assert data_classes(somebody, Permission.PAYLOAD_SEE, Subject("b")) == {"order"}
    assert data_classes(Person("x", (Grant(Role.VIEWER),)), Permission.PAYLOAD_SEE, Subject("b")) is None
