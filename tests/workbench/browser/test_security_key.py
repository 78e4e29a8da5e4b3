"""A security key as second factor (WebAuthn), with a virtual authenticator behind real headless Chromium."""

from __future__ import annotations

from typing import Any

from tests.workbench.browser.conftest import PATIENCE
from tests.workbench.conftest import PASSWORD, Workbench


def signs_in(page: Any, url: str, name: str) -> None:
    page.goto(f"{url}/account/login/", wait_until="load")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit], main form button")
    page.wait_for_url(lambda at: "/account/login/" not in at, wait_until="load")


def test_a_security_key_is_added_and_opens_the_next_session(bench: Workbench, chromium: Any) -> None:
    url = bench.url.replace("127.0.0.1", "localhost")  # a key is bound to a name; an address has none
    name, _ = bench.person("operator")
    context = chromium.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    try:
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        key = {
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})["authenticatorId"]
        signs_in(page, url, name)
        page.goto(f"{url}/account/2fa/keys/add/", wait_until="load")
        if page.locator("input[name=password]").count():
            page.fill("input[name=password]", PASSWORD)
            page.click("main form button")
            page.wait_for_load_state("load")
        page.fill("input[name=name]", "Blue key")
        page.click("#mfa_webauthn_add")
        page.wait_for_url(lambda at: "/keys/add/" not in at, wait_until="load")
        assert len(devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]) == 1
        page.goto(f"{url}/account/2fa/keys/", wait_until="load")
        assert "Blue key" in page.inner_text("main")

        context.clear_cookies()
        signs_in(page, url, name)
        assert "/account/2fa/authenticate/" in page.url, "the password alone does not open the account any more"
        page.click("#mfa_webauthn_authenticate")
        page.wait_for_url(lambda at: "/2fa/" not in at, wait_until="load")
        page.goto(f"{url}/exceptions/", wait_until="load")
        assert "/exceptions/" in page.url

        devtools.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
        context.clear_cookies()
        signs_in(page, url, name)
        page.click("#mfa_webauthn_authenticate")
        page.goto(f"{url}/exceptions/", wait_until="load")
        assert "/account/" in page.url, "without the key nobody gets in"
        assert broken == []
    finally:
        context.close()
