"""How people reach the pages of one environment and how they sign in; part of `environments/*.yaml`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.landscape.models.base import Duration, Name, Strict, Text
from crossdock.landscape.models.system import CredentialReference

RoleName = Literal["viewer", "operator", "partner_manager", "approver", "administrator", "auditor", "supplier", "customer"]


class GroupRole(Strict):
    """A role everybody in a group of the identity provider has, taken and given again at each sign-in."""

    group: Annotated[Text, Field(min_length=1, description="The group as the provider names it.")]
    role: Annotated[RoleName, Field(description="The role its members have.")]
    flows: Annotated[tuple[Name, ...], Field(description="Only for these flows; empty: all.")] = ()
    systems: Annotated[tuple[Name, ...], Field(description="Only for these systems (partners); empty: all.")] = ()
    regions: Annotated[tuple[Name, ...], Field(description="Only for these regions; empty: all.")] = ()
    data_classes: Annotated[tuple[Name, ...], Field(description="Only these data classes; empty: all.")] = ()


class CompanyIdentity(Strict):
    """An identity provider of the company: OpenID Connect or SAML."""

    kind: Annotated[
        Literal["oidc", "saml"], Field(description="`oidc`: OpenID Connect; `saml`: SAML 2.0 (extra `crossdock[saml]`).")
    ]
    title: Annotated[Text, Field(description="What the button says: sign in with …")] = ""
    server: Annotated[
        str, Field(pattern=r"^(https?://\S+)?$", description="OIDC: the issuer's URL. SAML: the URL of the provider's metadata.")
    ] = ""
    client_id: Annotated[str, Field(description="OIDC: the client's id at the provider.")] = ""
    client_secret: Annotated[CredentialReference | None, Field(description="OIDC: the client's secret, by reference.")] = None
    entity_id: Annotated[str, Field(description="SAML: the provider's entity id, where it is not read from `server`.")] = ""
    sso_url: Annotated[
        str, Field(pattern=r"^(https?://\S+)?$", description="SAML: where people are sent, where it is not read from `server`.")
    ] = ""
    certificate: Annotated[
        CredentialReference | None, Field(description="SAML: reference to the provider's signing certificate (PEM).")
    ] = None
    groups: Annotated[str, Field(description="The claim or attribute that lists groups.")] = "groups"
    name: Annotated[str, Field(description="The claim or attribute accounts are named by.")] = ""
    domains: Annotated[
        tuple[str, ...], Field(description="Only e-mail addresses of these domains come in; empty: whoever the provider lets in.")
    ] = ()
    same_email: Annotated[
        bool,
        Field(
            description="Somebody whose verified e-mail address an account here has signs in to that account, instead of to a new one."
        ),
    ] = False
    roles: Annotated[
        tuple[GroupRole, ...], Field(description="Roles by group; who is in none of them may sign in and sees nothing.")
    ] = ()

    @model_validator(mode="after")
    def _complete(self) -> CompanyIdentity:
        if self.kind == "oidc" and not (self.server and self.client_id):
            raise ValueError("OpenID Connect needs `server` and `client_id`")
        if self.kind == "saml" and not self.server and not (self.entity_id and self.sso_url and self.certificate):
            raise ValueError("SAML needs `server` (metadata), or `entity_id`, `sso_url` and `certificate`")
        return self


class Workbench(Strict):
    """The pages and the REST API of this environment."""

    hosts: Annotated[
        tuple[str, ...],
        Field(description="Names under which browsers reach the pages, beside that of `address`; others are refused."),
    ] = ()
    password: Annotated[
        bool,
        Field(
            description="Whether people may sign in by password; administrators always may, so that a broken provider locks nobody out."
        ),
    ] = True
    second_factor: Annotated[
        tuple[RoleName, ...], Field(description="Roles for which a second factor is asked of who signs in by password.")
    ] = ()
    idle: Annotated[Duration, Field(description="A session nobody uses ends after this.")] = timedelta(hours=2)
    longest: Annotated[Duration, Field(description="Every session ends after this.")] = timedelta(hours=12)
    company: Annotated[
        dict[Name, CompanyIdentity], Field(description="Identity providers, by a name that stays: it is in their settings.")
    ] = Field(default_factory=dict)
