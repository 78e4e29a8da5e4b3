"""Sign-in with the company's identity: providers of the landscape, secrets by reference, roles by group; keeps no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allauth.account.adapter import get_adapter as account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext as _

from crossdock.landscape.models import CompanyIdentity
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.security.access import Person
from crossdock.security.roles import Role
from crossdock.security.scope import Scope
from crossdock.workbench.accounts import models, service
from crossdock.workbench.accounts.persons import scope_of
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

PROVIDER: Final = {"oidc": "openid_connect", "saml": "saml"}
ATTRIBUTES: Final = {
    "uid": ["urn:oasis:names:tc:SAML:attribute:subject-id"],
    "email": [
        "email",
        "mail",
        "urn:oid:0.9.2342.19200300.100.1.3",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    ],
    "email_verified": ["email_verified", "http://schemas.auth0.com/email_verified"],
    "first_name": ["givenName", "urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"],
    "last_name": ["sn", "urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"],
    "username": ["uid", "urn:oid:0.9.2342.19200300.100.1.1", "http://schemas.auth0.com/nickname"],
}
"""SAML attributes as the usual providers name them; without a subject id, the NameID says who somebody is."""


def identities() -> Mapping[str, CompanyIdentity]:
    """The identity providers of this environment."""
    return place().landscape.environment.workbench.company


def secret(reference: str) -> str:
    """A secret of the landscape. Raises `SecretMissing`."""
    landscape = place().landscape
    vault = landscape.environment.vault
    known = SecretReferences(landscape.home / vault.secrets, vault=vault_of(vault, landscape.home, place().start.location))
    return known.get(reference)


def app_of(name: str, identity: CompanyIdentity) -> SocialApp:
    """An identity provider as django-allauth knows it; made anew each time, so that a rotated secret takes effect at once."""
    app = SocialApp(
        provider=PROVIDER[identity.kind], provider_id=name, name=identity.title or name, client_id=identity.client_id or name
    )
    if identity.kind == "oidc":
        app.secret = secret(str(identity.client_secret)) if identity.client_secret else ""
        app.settings = {"server_url": identity.server, "oauth_pkce_enabled": True}
        return app
    provider: dict[str, Any] = {"entity_id": identity.entity_id, "sso_url": identity.sso_url}
    if identity.server:
        provider["metadata_url"] = identity.server
    if identity.certificate:
        provider["x509cert"] = secret(str(identity.certificate))
    app.settings = {
        "idp": provider,
        "attribute_mapping": {**ATTRIBUTES, "username": [identity.name]} if identity.name else ATTRIBUTES,
        "advanced": {"strict": True, "want_assertion_signed": True, "reject_deprecated_algorithm": True},
    }
    app.client_id = name
    return app


def buttons() -> list[dict[str, str]]:
    """What the sign-in page offers: name and URL of each provider."""
    found = []
    for name, identity in identities().items():
        path = f"/account/oidc/{name}/login/" if identity.kind == "oidc" else f"/account/saml/{name}/login/"
        found.append({"name": identity.title or name, "url": path})
    return found


class CompanyAdapter(DefaultSocialAccountAdapter):
    """Who the company's provider vouches for comes in; what they may do follows from their groups."""

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[SocialApp]:
        found = []
        for name, identity in identities().items():
            if provider in (None, name, PROVIDER[identity.kind]) and client_id in (None, name, identity.client_id):
                found.append(app_of(name, identity))
        return found

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Mapping[str, Any]) -> Any:
        user = sociallogin.user
        name = sociallogin.account.provider
        claim = identities()[name].name if name in identities() else ""
        chosen = str(claims(sociallogin).get(claim) or data.get("username") or data.get("email") or sociallogin.account.uid)
        user.username = "".join(c for c in chosen if c.isprintable() and not c.isspace() and c != "#")[:150]
        user.email = str(data.get("email") or "").lower()[:254]
        full = str(data.get("name") or f"{data.get('first_name') or ''} {data.get('last_name') or ''}")
        user.full_name = " ".join(full.split())[:150]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        name = sociallogin.account.provider
        identity = identities().get(name)
        if identity is None:
            raise _refused(request, _("This identity provider is not set up here."))
        addresses = [each for each in sociallogin.email_addresses if each.verified]
        domains = {each.email.rpartition("@")[2].lower() for each in addresses}
        if identity.domains and not domains & {domain.lower() for domain in identity.domains}:
            record(
                "workbench:account:refused", name, address=request.META.get("REMOTE_ADDR"), why="domain", domains=sorted(domains)
            )
            raise _refused(request, _("Your e-mail address is not of a company that may sign in here."))
        if sociallogin.is_existing:
            if not sociallogin.user.is_active:
                raise _refused(request, _("This account is switched off."))
            return
        if identity.same_email and addresses:
            mine = models.User.objects.filter(
                email__in=[each.email.lower() for each in addresses], is_service=False, is_active=True
            )
            if len(mine) == 1:
                sociallogin.connect(request, mine[0])
                record("workbench:account:connected", mine[0].username, account=mine[0].username, provider=name)
                return
        if models.User.objects.filter(username__iexact=sociallogin.user.username).exists():
            raise _refused(
                request, _("An account of your name exists that is not connected with this provider. Ask an administrator.")
            )

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        user = sociallogin.user
        user.set_unusable_password()
        with transaction.atomic():
            sociallogin.save(request)
            after = {"username": user.username, "full_name": user.full_name, "email": user.email}
            record("workbench:account:added", user.username, before=None, after=after, account=user.username,
                   provider=sociallogin.account.provider)  # fmt: skip
        return user


def _refused(request: HttpRequest, why: str) -> ImmediateHttpResponse:
    return ImmediateHttpResponse(render(request, "errors/refused.html", {"layout": "base.html", "why": why}, status=403))


def claims(sociallogin: Any) -> dict[str, Any]:
    """What the provider says of somebody: claims of OpenID Connect, attributes of SAML."""
    data = sociallogin.account.extra_data or {}
    merged: dict[str, Any] = {}
    for part in (data, data.get("id_token"), data.get("userinfo"), data.get("attributes")):
        if isinstance(part, dict):
            merged |= part
    return merged


@transaction.atomic
def grant_by_groups(user: models.User, provider: str, said: Mapping[str, Any]) -> None:
    """Give the roles of somebody's groups and take those of groups they left; roles given by people stay."""
    identity = identities()[provider]
    value = said.get(identity.groups) or ()
    groups = {value} if isinstance(value, str) else {str(each) for each in value}
    wanted = {
        (
            Role(each.role),
            Scope(frozenset(each.flows), frozenset(each.systems), frozenset(each.regions), frozenset(each.data_classes)),
        )
        for each in identity.roles
        if each.group in groups
    }
    rows = list(user.grants.filter(origin=provider))
    have = {(Role(row.role), scope_of(row)): row for row in rows}
    if have.keys() == wanted:
        return
    before = service.roles_of(user)
    for gone in have.keys() - wanted:
        have[gone].delete()
    for role, scope in wanted - have.keys():
        service.grant_role(Person(provider), user, role, scope, origin=provider)
    record(
        "workbench:role:by_group",
        provider,
        before=before,
        after=service.roles_of(user),
        account=user.username,
        groups=sorted(groups)[:50],
    )


__all__ = ["CompanyAdapter", "account_adapter", "buttons", "grant_by_groups", "identities"]
