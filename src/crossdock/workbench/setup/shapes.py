"""What is told of the set-up, on its page and over the API."""

from __future__ import annotations

from ninja import Schema


class GroupRoleOut(Schema):
    """A role by group."""

    group: str
    role: str


class CompanyOut(Schema):
    """An identity provider; its secrets are named nowhere."""

    name: str
    kind: str
    title: str
    server: str
    domains: list[str]
    roles: list[GroupRoleOut]


class SetupOut(Schema):
    """How this hub is set up."""

    version: str
    landscape: str
    bundle: str
    environment: str
    region: str
    ledger: str
    hosts: list[str]
    address: str
    secure: bool
    password: bool
    second_factor: list[str]
    idle_minutes: int
    longest_minutes: int
    company: list[CompanyOut]
