"""Ways in and what closes them: the first administrator, passwords, lock-out, second factors, sessions, forms, headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.workbench.conftest import PASSWORD, Browser, Workbench

NAMES = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "Ünïcødé ✓")


def totp(secret: str, at: float | None = None) -> str:
    """RFC 6238 with SHA-1, 30 seconds, 6 digits."""
    counter = struct.pack(">Q", int((time.time() if at is None else at) // 30))
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


# --- the first administrator ------------------------------------------------------------------------------


def test_two_browsers_race_for_the_first_administrator(alone: Workbench) -> None:
    """One of them gets in; then the link is spent, and no second administrator exists."""
    path = alone.first.removeprefix(alone.url)
    browsers = [alone.browser() for _ in range(2)]
    for browser in browsers:
        assert browser.get(path).status_code == 200
    ready = threading.Barrier(2)

    def claim(number: int) -> requests.Response:
        ready.wait()
        return browsers[number].post(path, {"username": f"boss{number}", "password": PASSWORD})

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(answer.status_code for answer in pool.map(claim, range(2)))
    assert answers == [302, 410]
    assert sum(browser.signed_in for browser in browsers) == 1
    assert alone.browser().get(path).status_code == 410
    assert [each["tag"] for each in alone.records("workbench:account:first")] == ["workbench:account:first"]


def test_the_link_alone_opens_and_weak_passwords_do_not_pass(alone: Workbench) -> None:
    path = alone.first.removeprefix(alone.url)
    wrong = alone.browser()
    assert wrong.get("/account/first/" + "A" * 43 + "/").status_code == 410
    assert wrong.post("/account/first/" + "A" * 43 + "/", {"username": "x", "password": PASSWORD}).status_code == 410
    browser = alone.browser()
    browser.get(path)
    for weak in ("short", "123456789012345", "administrator1"):
        answer = browser.post(path, {"username": "administrator", "password": weak})
        assert answer.status_code == 200
        assert "errorlist" in answer.text
    assert browser.post(path, {"username": "two words", "password": PASSWORD}).status_code == 200
    assert browser.post(path, {"username": "boss", "password": PASSWORD}).status_code == 302
    assert browser.signed_in


# --- passwords --------------------------------------------------------------------------------------------


def test_sign_in_and_out(bench: Workbench) -> None:
    name, browser = bench.person("viewer")
    assert browser.signed_in
    assert browser.get("/account/logout/").status_code == 200  # a link ends no session
    assert browser.signed_in
    browser.post("/account/logout/")
    assert not browser.signed_in
    tags = [each["tag"] for each in bench.records("workbench:session:") if each.get("account") == name]
    assert tags == ["workbench:session:began"] * 2 + ["workbench:session:left"]  # the invitation signed in as well


def test_names_have_no_capitals_and_addresses_serve_too(bench: Workbench) -> None:
    answer = bench.administrator.api("POST", "/accounts/people", {"name": "Kim", "email": "kim@harbour.example"})
    assert answer.status_code == 201
    assert bench.administrator.api("POST", "/accounts/people", {"name": "kIM"}).status_code == 409
    bench.password("kim")
    for login in ("kim", "KIM", "kim@harbour.example"):
        assert bench.browser().sign_in(login).status_code == 302


def test_lock_out_is_told_recorded_and_can_be_opened(bench: Workbench) -> None:
    name, _ = bench.person("viewer")
    stranger = bench.browser()
    for _ in range(5):
        assert stranger.sign_in(name, "wrong wrong wrong").status_code == 200
    answer = stranger.sign_in(name)
    assert answer.status_code == 200
    assert "closed until" in answer.text
    mine = [each for each in bench.records("workbench:account:") if each["author"] == name]
    assert [each["tag"] for each in mine][-5:] == ["workbench:account:refused"] * 4 + ["workbench:account:locked"]
    assert bench.administrator.api("POST", f"/accounts/people/{name}/unlock").status_code == 204
    assert stranger.sign_in(name).status_code == 302


def test_a_name_nobody_has_is_answered_as_a_wrong_password(bench: Workbench) -> None:
    def shown(answer: requests.Response) -> str:
        return re.sub(r'value="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.text)

    name, _ = bench.person("viewer")
    assert shown(bench.browser().sign_in(name, "wrong wrong wrong")) == shown(
        bench.browser().sign_in("nobody", "wrong wrong wrong")
    )


def test_a_service_never_signs_in_and_there_is_no_sign_up(bench: Workbench) -> None:
    name, _ = bench.service("operator")
    assert bench.administrator.api("POST", f"/accounts/people/{name}/link").status_code == 422
    assert bench.browser().sign_in(name, "").status_code == 200
    browser = bench.browser()
    answer = browser.post(
        "/account/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD, "email": "e@x.example"}
    )
    assert answer.status_code in (200, 403)
    assert bench.administrator.api("GET", "/accounts/people/eve").status_code == 404


def test_an_invitation_works_once_and_a_new_one_ends_it(bench: Workbench) -> None:
    name, _ = bench.person("viewer")
    first = bench.administrator.api("POST", f"/accounts/people/{name}/link").json()["path"]
    second = bench.administrator.api("POST", f"/accounts/people/{name}/link").json()["path"]
    browser = bench.browser()
    assert browser.get(first).status_code == 410
    assert browser.get(second).status_code == 200
    given = {"password": "another harbour crane", "again": "another harbour crane"}
    assert browser.post(second, {**given, "again": "differs"}).status_code == 200
    assert browser.post(second, given).status_code == 302
    assert browser.signed_in
    assert bench.browser().post(second, given).status_code == 410


# --- second factor ----------------------------------------------------------------------------------------


def test_second_factor_and_recovery_codes(bench: Workbench) -> None:
    name, browser = bench.person("viewer")
    page = browser.get("/account/2fa/totp/activate/")
    assert page.headers["location"].startswith("/account/reauthenticate/")
    browser.show_password_again()
    page = browser.get("/account/2fa/totp/activate/")
    secret = re.search(r'value="([A-Z2-7]{16,})"', page.text)
    assert secret, page.text
    answer = browser.post("/account/2fa/totp/activate/", {"code": totp(secret[1])})
    assert answer.status_code == 302, answer.text
    codes = re.findall(r"\b\d{8}\b", browser.get(answer.headers["location"]).text)
    assert codes

    again = bench.browser()
    assert again.sign_in(name).headers["location"].startswith("/account/2fa/authenticate/")
    assert not again.signed_in
    assert again.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not again.signed_in
    assert again.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert again.signed_in

    third = bench.browser()
    third.sign_in(name)
    assert third.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 200  # a recovery code opens once
    assert not third.signed_in
    assert {each["tag"] for each in bench.records("workbench:factor:") if each["account"] == name} >= {"workbench:factor:added"}
    # what rests in the database is not the seed
    assert secret[1].encode() not in bench.stored()


def test_guessed_codes_lock_the_account(bench: Workbench) -> None:
    name, browser = bench.person("viewer")
    browser.show_password_again()
    secret = re.search(r'value="([A-Z2-7]{16,})"', browser.get("/account/2fa/totp/activate/").text)
    assert secret
    assert browser.post("/account/2fa/totp/activate/", {"code": totp(secret[1])}).status_code == 302
    thief = bench.browser()
    thief.sign_in(name)
    for _ in range(5):
        thief.post("/account/2fa/authenticate/", {"code": "123456"})
    assert (
        thief.post("/account/2fa/authenticate/", {"code": totp(secret[1], time.time() + 30)}).headers.get("location")
        != "/account/"
    )
    assert not thief.signed_in
    assert "closed until" in bench.browser().sign_in(name).text


# --- sessions ---------------------------------------------------------------------------------------------


def test_a_session_given_by_a_stranger_is_not_the_one_that_signs_in(bench: Workbench) -> None:
    name, _ = bench.person("viewer")
    victim = bench.browser()
    victim.session.cookies.set("crossdock", "attacker0known0session0key000000", domain="127.0.0.1", path="/")
    victim.sign_in(name)
    assert victim.signed_in
    assert "attacker0known0session0key000000" not in [cookie.value for cookie in victim.session.cookies]
    thief = bench.browser()
    thief.session.cookies.set("crossdock", "attacker0known0session0key000000", domain="127.0.0.1", path="/")
    assert not thief.signed_in


def test_the_session_changes_its_name_at_sign_in(bench: Workbench) -> None:
    name, _ = bench.person("viewer")
    browser = bench.browser()
    browser.get("/account/login/")
    before = browser.session.cookies.get("crossdock")
    browser.sign_in(name)
    after = browser.session.cookies.get("crossdock")
    assert after
    assert after != before


def test_sessions_are_listed_and_ended_by_oneself_and_by_administrators(bench: Workbench) -> None:
    name, browser = bench.person("viewer")
    other, third = bench.browser(), bench.browser()
    other.sign_in(name)
    third.sign_in(name)
    rows = browser.api("GET", "/accounts/me/sessions").json()
    assert len(rows) == 4  # one by the invitation
    [mine] = [row for row in rows if row["this"]]
    browser.post("/account/sessions/end/")
    assert browser.signed_in
    assert not other.signed_in
    assert not third.signed_in
    stranger, theirs = bench.person("viewer")
    assert theirs.api("DELETE", f"/accounts/me/sessions/{mine['id']}").status_code == 404
    assert browser.signed_in
    assert bench.administrator.api("DELETE", f"/accounts/people/{name}/sessions").status_code == 204
    assert not browser.signed_in
    assert stranger


def test_switched_off_ends_sessions_at_once(bench: Workbench) -> None:
    name, browser = bench.person("operator")
    assert bench.administrator.api("PUT", f"/accounts/people/{name}/active", {"active": False}).status_code == 200
    assert not browser.signed_in
    assert bench.browser().sign_in(name).status_code in (200, 302)
    assert not bench.browser().signed_in
    [record] = [each for each in bench.records("workbench:account:disabled") if each["account"] == name]
    assert (record["author"], record["before"], record["after"]) == ("root", {"active": True}, {"active": False})


def test_a_changed_password_ends_other_sessions(bench: Workbench) -> None:
    name, browser = bench.person("viewer")
    other = bench.browser()
    other.sign_in(name)
    given = {"oldpassword": PASSWORD, "password1": "a new harbour crane", "password2": "a new harbour crane"}
    assert browser.post("/account/password/change/", given).status_code == 302
    assert browser.signed_in
    assert not other.signed_in


# --- forms, redirects, headers, hosts ---------------------------------------------------------------------


def test_forms_without_their_token_change_nothing(bench: Workbench) -> None:
    name, browser = bench.person("administrator")
    for path, data in (
        ("/account/people/add/", {"kind": "person", "username": "csrf1", "role": "viewer"}),
        ("/account/logout/", {}),
    ):
        answer = browser.session.post(bench.url + path, data=data, allow_redirects=False, timeout=30)
        assert answer.status_code == 403
    answer = browser.session.post(f"{bench.url}/api/accounts/people", json={"name": "csrf2"}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "api.csrf")
    assert browser.signed_in
    for made in ("csrf1", "csrf2"):
        assert bench.administrator.api("GET", f"/accounts/people/{made}").status_code == 404
    assert name


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example"]
)
def test_nobody_is_sent_elsewhere(bench: Workbench, target: str) -> None:
    name, browser = bench.person("viewer")
    fresh = bench.browser()
    location = fresh.sign_in(name, to=target).headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    for path in ("/language/", "/zone/"):
        assert browser.post(path, {"next": target, "language": "de", "zone": "Europe/Berlin"}).headers["location"] == "/"


def test_names_are_shown_and_never_run(bench: Workbench) -> None:
    for number, text in enumerate(NAMES):
        name = f"scripted{number}"
        assert bench.administrator.api("POST", "/accounts/people", {"name": name, "full_name": text}).status_code == 201
    listed = bench.administrator.get("/account/people/").text
    for text in NAMES:
        if "<" in text:
            assert text not in listed
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in listed
    assert "{{7*7}}" in listed
    assert "49" not in re.findall(r">(49)<", listed)


def test_every_page_has_its_headers(bench: Workbench) -> None:
    _, browser = bench.person("administrator", "auditor")
    paths = ("/", "/account/", "/account/people/", "/account/people/add/", "/audit/", "/account/2fa/", "/account/2fa/totp/activate/",
             "/nowhere/", "/static/crossdock.css", "/static/nothing", "/api/accounts/me", "/api/nowhere")  # fmt: skip
    for who, listed in ((browser, paths), (bench.browser(), ("/account/login/", "/account/first/x/", "/nowhere"))):
        for path in listed:
            answer = who.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["referrer-policy"] == "same-origin"
            if "text/html" in answer.headers.get("content-type", ""):
                assert "style=" not in answer.text
                assert not re.search(r"<[^<>]*\son\w+=", answer.text)
                inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", answer.text)
                assert inline == [], path
            if not path.startswith("/static/crossdock"):
                assert "no-store" in answer.headers["cache-control"]


def test_cookies(bench: Workbench) -> None:
    _, browser = bench.person("viewer")
    for cookie in browser.session.cookies:
        if cookie.name in ("crossdock", "crossdock_csrf"):
            assert cookie.get_nonstandard_attr("SameSite") == "Lax"
    [session] = [cookie for cookie in browser.session.cookies if cookie.name == "crossdock"]
    assert session.has_nonstandard_attr("HttpOnly")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "evil.example:80#", ""])
def test_other_hosts_are_refused(bench: Workbench, host: str) -> None:
    for path in ("/account/login/", "/api/openapi.json", "/"):
        answer = requests.get(bench.url + path, headers={"Host": host}, allow_redirects=False, timeout=30)
        assert answer.status_code == 400, (host, path)
        assert "evil" not in answer.text


def test_forwarded_words_of_strangers_count_for_nothing(bench: Workbench) -> None:
    """Only a proxy that was named is believed; else anybody could sign in 'from elsewhere' for ever."""
    name, _ = bench.person("viewer")
    for number in range(6):
        stranger = bench.browser()
        stranger.session.headers.update(
            {"X-Forwarded-For": f"10.0.0.{number}", "X-Crossdock-Client": f"10.0.0.{number}", "X-Forwarded-Host": "evil.example"}
        )
        answer = stranger.sign_in(name, "wrong wrong wrong")
    assert "closed until" in answer.text
    assert {each["address"] for each in bench.records("workbench:account:refused") if each["author"] == name} == {"127.0.0.1"}


def test_languages(bench: Workbench) -> None:
    browser: Browser = bench.browser()
    assert 'lang="en"' in browser.get("/account/login/").text
    assert 'lang="de"' in browser.get("/account/login/", headers={"Accept-Language": "de"}).text
    browser.post("/language/", {"language": "de"})
    assert 'lang="de"' in browser.get("/account/login/").text
