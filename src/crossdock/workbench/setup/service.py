"""What the page and the API tell of the set-up: never a secret, only where it is read from."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from crossdock import __version__
from crossdock.security.roles import GRANTS, Permission, Role
from crossdock.workbench.place import place
from crossdock.workbench.setup.shapes import CompanyOut, GroupRoleOut, SetupOut


def setup() -> SetupOut:
    """As it is now."""
    here = place()
    landscape, environment = here.landscape, here.landscape.environment
    rules = environment.workbench
    company = [
        CompanyOut(
            name=name,
            kind=each.kind,
            title=each.title or name,
            server=each.server or each.sso_url,
            domains=list(each.domains),
            roles=[GroupRoleOut(group=role.group, role=role.role) for role in each.roles],
        )
        for name, each in rules.company.items()
    ]
    return SetupOut(
        version=__version__,
        landscape=landscape.name,
        bundle=landscape.bundle_id,
        environment=environment.name,
        region=environment.region or "",
        ledger=here.start.location.vendor,
        hosts=list(settings.ALLOWED_HOSTS),
        address=environment.address,
        secure=settings.SESSION_COOKIE_SECURE,
        password=rules.password,
        second_factor=list(rules.second_factor),
        idle_minutes=int(rules.idle.total_seconds() // 60),
        longest_minutes=int(rules.longest.total_seconds() // 60),
        company=company,
    )


def granted() -> Mapping[Permission, list[Role]]:
    """Which roles grant each permission."""
    return {each: [role for role in Role if each in GRANTS[role]] for each in Permission if each is not Permission.OWN_ACCOUNT}
