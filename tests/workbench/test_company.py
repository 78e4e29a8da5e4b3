"""Sign-in with the company's identity against providers of our own making: OpenID Connect and SAML over real sockets."""

from __future__ import annotations

import base64
import json
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.workbench.conftest import Browser, Workbench, free_port, landscape_in, start_workbench, stop

SECRET = "oidc client secret, by reference only"


class Provider:
    """An OpenID Connect provider that vouches for whoever `says` names."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self, content: Any, status: int = 200, **headers: str) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/.well-known/openid-configuration":
                    names = {
                        "authorization_endpoint": "authorize",
                        "token_endpoint": "token",
                        "userinfo_endpoint": "userinfo",
                        "jwks_uri": "jwks",
                    }
                    self.answer({"issuer": provider.url, **{name: f"{provider.url}/{path}" for name, path in names.items()}})
                elif parts.path == "/authorize":
                    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                    provider.asked.append(asked)
                    code = f"code{len(provider.codes)}"
                    provider.codes[code] = {"asked": asked, "says": dict(provider.says)}
                    back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
                    self.answer({}, 302, location=back)
                elif parts.path == "/userinfo":
                    self.answer(provider.codes[self.headers["authorization"].removeprefix("Bearer ")]["says"])
                else:
                    self.answer({"keys": []})

            def do_POST(self) -> None:
                form = {
                    name: values[0]
                    for name, values in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()
                }
                given = base64.b64decode(self.headers.get("authorization", "").removeprefix("Basic ") or b"").decode()
                if SECRET not in (form.get("client_secret", ""), given.partition(":")[2]) or "code_verifier" not in form:
                    self.answer({"error": "invalid_client"}, 401)
                    return
                code = provider.codes[form["code"]]
                claims = {**code["says"], "iss": provider.url, "aud": "crossdock", "exp": time.time() + 60, "iat": time.time(),
                          "nonce": code["asked"].get("nonce")}  # fmt: skip
                token = jwt.encode(claims, "not looked at: the token came straight from the provider" * 2, algorithm="HS256")
                self.answer({"access_token": form["code"], "id_token": token, "token_type": "Bearer"})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class SamlProvider:
    """The signing half of a SAML provider."""

    entity = "https://idp.harbour.example/saml"

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key()).serial_number(1)
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(self.key, hashes.SHA256())
        )  # fmt: skip

    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def response(self, to: str, audience: str, request: str, name: str, groups: list[str], *, altered: str = "") -> str:
        """A signed response; `altered` replaces the name after signing."""
        import xmlsec
        from lxml import etree

        now = datetime.now(UTC)
        at, soon = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (now, now + timedelta(minutes=5)))
        number = f"_{time.time_ns()}"
        values = "".join(f"<saml:AttributeValue>{group}</saml:AttributeValue>" for group in groups)
        text = f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r{number}" Version="2.0" IssueInstant="{at}" Destination="{to}" InResponseTo="{request}"><saml:Issuer>{self.entity}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="a{number}" Version="2.0" IssueInstant="{at}"><saml:Issuer>{self.entity}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">{name}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{soon}" Recipient="{to}" InResponseTo="{request}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{at}" NotOnOrAfter="{soon}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{at}" SessionIndex="s{number}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="uid"><saml:AttributeValue>{name}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="email"><saml:AttributeValue>{name}@harbour.example</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups">{values}</saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"""
        root = etree.fromstring(text)
        assertion = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
        signature = xmlsec.template.create(assertion, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
        assertion.insert(1, signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#a{number}")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context.key = xmlsec.Key.from_memory(private, xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_memory(self.pem(), xmlsec.KeyFormat.PEM)
        context.sign(signature)
        signed = etree.tostring(root)
        return base64.b64encode(signed.replace(f">{name}<".encode(), f">{altered}<".encode()) if altered else signed).decode()


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[Provider, SamlProvider]]:
    provider = Provider()
    yield provider, SamlProvider()
    provider.server.shutdown()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, providers: tuple[Provider, SamlProvider]) -> Iterator[Workbench]:
    oidc, saml = providers
    folder = landscape_in(tmp_path_factory.mktemp("company"))
    (folder / "idp.pem").write_text(saml.pem())
    settings = f"""
workbench:
  second_factor: [administrator]
  company:
    harbour:
      kind: oidc
      title: Harbour identity
      server: {oidc.url}
      client_id: crossdock
      client_secret: env:OIDC_SECRET
      domains: [harbour.example]
      same_email: true
      roles:
        - {{group: ops, role: operator, systems: [wms-north]}}
        - {{group: admins, role: administrator}}
    works:
      kind: saml
      title: Works
      entity_id: {SamlProvider.entity}
      sso_url: https://idp.harbour.example/sso
      certificate: file:idp.pem
      roles:
        - {{group: audit, role: auditor}}
"""
    with (folder / "environments/demo.yaml").open("a") as file:
        file.write(settings)
    workbench = start_workbench(folder, free_port(), OIDC_SECRET=SECRET)
    try:
        path = workbench.first.removeprefix(workbench.url)
        workbench.administrator = workbench.browser()
        workbench.administrator.get(path)
        workbench.administrator.post(
            path, {"username": "root", "email": "root@harbour.example", "password": "harbour crane seven"}
        )
        yield workbench
    finally:
        stop(workbench)


def through(workbench: Workbench, browser: Browser, to: str = "/account/") -> requests.Response:
    """By the button to the provider and back."""
    away = browser.get(f"/account/oidc/harbour/login/?{urlencode({'next': to})}")
    assert away.status_code == 302, away.text
    back = browser.session.get(away.headers["location"], allow_redirects=False, timeout=30)
    return browser.session.get(back.headers["location"], allow_redirects=False, timeout=60)


def person(name: str, *groups: str, verified: bool = True, domain: str = "harbour.example") -> dict[str, Any]:
    return {"sub": f"sub-{name}", "preferred_username": name, "name": f"{name.title()} Harbour", "email": f"{name}@{domain}",
            "email_verified": verified, "groups": list(groups)}  # fmt: skip


def test_roles_follow_the_groups_at_each_sign_in(company: Workbench, providers: tuple[Provider, SamlProvider]) -> None:
    oidc, _ = providers
    assert "Harbour identity" in company.browser().get("/account/login/").text
    oidc.says = person("mira", "ops", "others")
    browser = company.browser()
    assert through(company, browser).headers["location"] == "/account/"
    told = browser.api("GET", "/accounts/me").json()
    assert (told["name"], told["roles"]) == ("mira", ["operator"])
    asked = oidc.asked[-1]
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"].startswith(company.url)
    oidc.says = person("mira")
    again = company.browser()
    through(company, again)
    assert browser.api("GET", "/accounts/me").json()["roles"] == []  # of the older session too
    given = [each for each in company.records("workbench:role:by_group") if each["account"] == "mira"]
    assert [(each["before"], each["after"]) for each in given] == [
        ([], [{"role": "operator", "systems": ["wms-north"]}]), ([{"role": "operator", "systems": ["wms-north"]}], [])
    ]  # fmt: skip


def test_company_sign_in_owes_no_second_factor_here_but_a_password_does(
    company: Workbench, providers: tuple[Provider, SamlProvider]
) -> None:
    oidc, _ = providers
    root = company.administrator
    assert root.get("/account/people/").headers["location"].startswith("/account/2fa/totp/activate/")
    assert root.api("GET", "/accounts/people").json()["code"] == "api.second_factor"
    oidc.says = person("zoe", "admins")
    browser = company.browser()
    through(company, browser)
    assert browser.get("/account/people/").status_code == 200


def test_who_is_not_of_the_company_stays_out(company: Workbench, providers: tuple[Provider, SamlProvider]) -> None:
    oidc, _ = providers
    for says in (person("eve", "admins", domain="evil.example"), person("eve", "admins", verified=False)):
        oidc.says = says
        browser = company.browser()
        assert through(company, browser).status_code == 403
        assert not browser.signed_in


def test_an_account_is_taken_over_only_by_its_verified_address(
    company: Workbench, providers: tuple[Provider, SamlProvider]
) -> None:
    oidc, _ = providers
    oidc.says = {**person("root", domain="harbour.example"), "email": "somebody@harbour.example", "sub": "other"}
    browser = company.browser()
    assert through(company, browser).status_code == 403  # the name alone is not enough
    oidc.says = person("root")
    assert through(company, browser).status_code == 302
    assert browser.api("GET", "/accounts/me").json()["name"] == "root"


def test_an_answer_to_a_question_nobody_asked_is_refused(company: Workbench, providers: tuple[Provider, SamlProvider]) -> None:
    oidc, _ = providers
    oidc.says = person("mallory", "admins")
    attacker = company.browser()
    away = attacker.get("/account/oidc/harbour/login/")
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=30).headers["location"]
    victim = company.browser()
    victim.session.get(back, allow_redirects=False, timeout=30)
    assert not victim.signed_in


def test_the_client_secret_is_nowhere(company: Workbench) -> None:
    assert SECRET.encode() not in company.stored()


def saml_request(browser: Browser) -> tuple[str, str]:
    """(id of the request, relay state) the pages send to the provider."""
    away = browser.get("/account/saml/works/login/")
    assert away.status_code == 302, away.text
    query = parse_qs(urlsplit(away.headers["location"]).query)
    request = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode()
    return request.partition('ID="')[2].partition('"')[0], query.get("RelayState", [""])[0]


def saml_answer(
    company: Workbench, saml: SamlProvider, browser: Browser, name: str, groups: list[str], **more: Any
) -> requests.Response:
    number, relay = saml_request(browser)
    acs = f"{company.url}/account/saml/works/acs/"
    response = saml.response(acs, f"{company.url}/account/saml/works/metadata/", number, name, groups, **more)
    # another site's form posts it: without the session's cookie (SameSite=Lax)
    posted = requests.post(acs, data={"SAMLResponse": response, "RelayState": relay}, allow_redirects=False, timeout=30)
    if "location" not in posted.headers:
        return posted
    browser.session.cookies.update(posted.cookies)  # it is the same browser, only its older cookies were not sent
    target = posted.headers["location"]
    return browser.get(target.removeprefix(company.url))


def test_saml(company: Workbench, providers: tuple[Provider, SamlProvider]) -> None:
    _, saml = providers
    browser = company.browser()
    answer = saml_answer(company, saml, browser, "sam", ["audit"])
    assert answer.status_code == 302, answer.text
    told = browser.api("GET", "/accounts/me").json()
    assert told["roles"] == ["auditor"]


def test_an_altered_saml_answer_opens_nothing(company: Workbench, providers: tuple[Provider, SamlProvider]) -> None:
    _, saml = providers
    browser = company.browser()
    saml_answer(company, saml, browser, "sam", ["audit"], altered="zoe")
    assert not browser.signed_in
    stranger = SamlProvider()
    saml_answer(company, stranger, browser, "sam", ["audit"])
    assert not browser.signed_in


def test_metadata_for_the_provider(company: Workbench) -> None:
    answer = company.browser().get("/account/saml/works/metadata/")
    assert answer.status_code == 200
    assert "/account/saml/works/acs/" in answer.text
    assert company.browser().get("/account/saml/nobody/metadata/").status_code == 404
    assert company.browser().get("/account/oidc/nobody/login/").status_code == 404


def test_how_somebody_signed_in_is_recorded(company: Workbench) -> None:
    assert {each["by"][0] for each in company.records("workbench:session:began") if each["account"] == "mira"} == {
        "socialaccount"
    }
