"""Every route against every role: what is not granted is not there, and no route forgets to say what it needs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests

from crossdock.security.access import Grant, Person, allowed
from crossdock.security.roles import Permission, Role
from tests.workbench.conftest import ROLES, Browser, Workbench, filled

SILENT = {"text/event-stream"}


@pytest.fixture(scope="module")
def people(bench: Workbench) -> dict[str, Browser]:
    return {role: bench.person(role)[1] for role in ROLES}


@pytest.fixture(scope="module")
def services(bench: Workbench) -> dict[str, str]:
    return {role: bench.service(role, rate=100_000)[1]["key"] for role in ROLES}


def test_every_route_says_what_it_needs(routes: list[dict[str, Any]]) -> None:
    known = {"public", *Permission}
    assert len(routes) > 50
    assert [route for route in routes if route["permission"] not in known] == []


def test_nothing_is_public_but_the_ways_in(routes: list[dict[str, Any]]) -> None:
    public = {route["path"] for route in routes if route["permission"] == "public"}
    ways = ("/account/login/", "/account/logout/", "/account/inactive/", "/account/signup/", "/account/2fa/authenticate/",
            "/account/company/", "/account/oidc/", "/account/saml/", "/account/first/", "/account/welcome/", "/account/demo/")  # fmt: skip
    assert {path for path in public if not path.startswith(ways)} == {
        "/", "/static/<path:name>", "/language/", "/zone/", "/api/openapi.json"
    }  # fmt: skip


def test_operations_have_names_of_their_own(bench: Workbench) -> None:
    document = bench.browser().get("/api/openapi.json").json()
    names = Counter(operation["operationId"] for path in document["paths"].values() for operation in path.values())
    assert [name for name, count in names.items() if count > 1] == []


def test_strangers_get_nothing(bench: Workbench, routes: list[dict[str, Any]]) -> None:
    wrong = []
    for route in routes:
        if route["permission"] == "public":
            continue
        for method in set(route["methods"]) - {"HEAD"}:
            answer = requests.request(method, bench.url + filled(route["path"]), allow_redirects=False, timeout=60)
            if route["api"]:
                good = answer.status_code == 401 and answer.headers["content-type"] == "application/problem+json"
            elif method == "GET":
                good = answer.status_code == 302 and answer.headers["location"].startswith("/account/login/?next=")
            else:
                good = answer.status_code in (302, 403)  # 403: the form's token is missing, looked at first
            if not good:
                wrong.append((method, route["path"], answer.status_code))
    assert wrong == []


def expected(role: str, permission: str) -> bool:
    return allowed(Person("somebody", (Grant(Role(role)),)), Permission(permission))


@pytest.mark.parametrize("role", ROLES)
def test_pages_are_there_for_whom_the_role_grants_them(
    bench: Workbench, people: dict[str, Browser], routes: list[dict[str, Any]], role: str
) -> None:
    """A route that is not granted is 404 and recorded; one that is granted answers anything else, for what exists."""
    browser, wrong = people[role], []
    before = len(bench.records("workbench:access:denied"))
    denied = 0
    for route in routes:
        if route["api"] or route["permission"] == "public":
            continue
        for method in set(route["methods"]) - {"HEAD"}:
            if expected(role, route["permission"]):
                if method != "GET" or "<" in route["path"] or "/2fa/" in route["path"]:
                    continue  # what it does is tested where it is made
                answer = browser.get(route["path"], stream=True)
                good = answer.status_code not in (404, 500)
                answer.close()
            else:
                answer = browser.get(filled(route["path"])) if method == "GET" else browser.post(filled(route["path"]))
                good, denied = answer.status_code == 404, denied + 1
            if not good:
                wrong.append((method, route["path"], answer.status_code))
    assert wrong == []
    assert len(bench.records("workbench:access:denied")) - before == denied


@pytest.mark.parametrize("role", ROLES)
def test_operations_are_there_for_whom_the_role_grants_them(
    bench: Workbench, services: dict[str, str], routes: list[dict[str, Any]], role: str
) -> None:
    wrong = []
    for route in routes:
        if not route["api"] or route["permission"] == "public":
            continue
        for method in route["methods"]:
            granted = expected(role, route["permission"])
            if granted and (method != "GET" or "{" in route["path"]):
                continue
            headers = {"Authorization": f"Bearer {services[role]}"}
            url = bench.url + filled(route["path"])
            with requests.request(method, url, headers=headers, allow_redirects=False, timeout=60, stream=True) as answer:
                # what is not granted is not there; a body that does not fit may be told before, it reveals nothing
                good = answer.status_code not in (404, 500) if granted else answer.status_code in (404, 422)
                if not good:
                    wrong.append((method, route["path"], answer.status_code))
    assert wrong == []


def test_roles_are_those_a_landscape_may_name() -> None:
    from typing import get_args

    from crossdock.landscape.models.workbench import RoleName

    assert set(get_args(RoleName)) == {role.value for role in Role}
    assert set(ROLES) == {role.value for role in Role}
