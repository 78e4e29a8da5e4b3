"""The credentials a landscape names: whose each is, how it is changed, when it is next due; reads no value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from crossdock.connectors.rotation import Rotation
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models.credentials import CredentialRule
from crossdock.ledger.times import moment
from crossdock.ledger.vault import Standing

BY_PERSON: Final = Rotation("person", "Make a new one where it comes from, and store it under the same reference.")
DEFAULT: Final = CredentialRule()
HUB: Final = "hub"
"""What uses a credential that no system does: mail relay, alert routes, sign-in."""


@dataclass(frozen=True, slots=True)
class Named:
    """One place of the landscape that names a credential. `system` is empty for the hub's own; `transport` is set for a partner's."""

    reference: str
    purpose: str
    system: str
    owner: str
    rule: CredentialRule
    rotation: Rotation
    transport: str = ""

    @property
    def whose(self) -> str:
        """Whose it is, for people."""
        return "/".join(filter(None, (self.system or HUB, self.transport)))


@dataclass(frozen=True, slots=True)
class Due:
    """How a credential stands at a moment. `since` and `next` are None where nobody knows when it was made."""

    since: datetime | None
    next: datetime | None
    expires: datetime | None
    warn: bool
    over: bool


def credentials(landscape: Landscape) -> list[Named]:
    """Every credential the landscape names, by system, transport and purpose."""
    kinds, transports = _kinds("crossdock.connectors"), _kinds("crossdock.transports")
    found: list[Named] = []
    for name, system in sorted(landscape.systems.items()):
        declared = _rotations(kinds, system.kind)
        for purpose, reference in sorted(system.credentials.items()):
            found.append(_named(landscape, reference, purpose, name, system.owner or "", declared))
    for partner in landscape.partners.values():
        first = next((each for each in partner.systems if each in landscape.systems), "")
        owner = (landscape.systems[first].owner if first else None) or partner.owner or ""
        for transport, described in sorted(partner.transports.items()):
            declared = _rotations(transports, described.kind)
            for purpose, reference in sorted(described.credentials.items()):
                found.append(_named(landscape, reference, purpose, first, owner, declared, transport))
    team = next(iter(landscape.teams), "")
    for purpose, reference in _own(landscape):
        found.append(_named(landscape, reference, purpose, "", team, {}))
    return found


def references(landscape: Landscape) -> list[str]:
    """The references the landscape names, each once."""
    return sorted({each.reference for each in credentials(landscape)})


def of_reference(landscape: Landscape, reference: str) -> list[Named]:
    """Who uses a reference."""
    return [each for each in credentials(landscape) if each.reference == reference]


def stand(each: Named, known: Standing, since: datetime | None, now: datetime) -> Due:
    """When a credential was made, when it is next due, and whether its owner is to be told. Pure."""
    made = moment(known.stored_at) if known.stored_at else since
    expires = moment(known.expires_at) if known.expires_at is not None else None
    next_ = made + each.rule.every if made is not None else None
    if expires is not None:
        before = expires - min(each.rule.warn, (expires - made) / 4 if made is not None else each.rule.warn)
        next_ = min(next_, before) if next_ is not None else before
    near = next_ is not None and now >= next_ - _warning(each, made)
    ends = expires is not None and now >= expires - each.rule.warn
    return Due(made, next_, expires, near or ends, bool(next_ and now >= next_) or bool(expires and now >= expires))


def _warning(each: Named, made: datetime | None) -> timedelta:
    """A credential that lives shorter than the warning is warned of in its last quarter."""
    return min(each.rule.warn, each.rule.every / 4)


def kept_since(reference: str, folder: Path) -> datetime | None:
    """Since when a credential outside the vault is there: a file tells, a variable does not."""
    scheme, _, rest = reference.partition(":")
    if scheme != "file":
        return None
    try:
        return datetime.fromtimestamp((folder / rest).stat().st_mtime, UTC)
    except OSError:
        return None


def _named(
    landscape: Landscape,
    reference: str,
    purpose: str,
    system: str,
    owner: str,
    declared: Mapping[str, Rotation],
    transport: str = "",
) -> Named:
    rule = next((one for one in landscape.policies.rotation if _fits(one, system, purpose)), DEFAULT)
    rotation = declared.get(purpose, BY_PERSON)
    return Named(reference, purpose, system, owner, rule, rotation, transport)


def _fits(rule: CredentialRule, system: str, purpose: str) -> bool:
    return rule.system in (None, system) and rule.purpose in (None, purpose)


def _own(landscape: Landscape) -> Iterator[tuple[str, str]]:
    environment = landscape.environment
    if environment.mail:
        yield "mail relay", environment.mail
    for name, route in sorted(landscape.policies.alert_routes.items()):
        for target in getattr(route, "targets", ()):
            if not target.startswith("mailto:"):
                yield f"alert route {name}", target
    door = environment.door
    for purpose, named in (("certificate", door.certificate), ("key", door.key), ("client authority", door.client_authority)):
        if named:
            yield f"door {purpose}", named
    for partner in landscape.partners.values():
        for name, client in sorted(partner.clients.items()):
            yield f"client {name}", str(client.secret or client.keys)
    for name, identity in sorted(environment.workbench.company.items()):
        if identity.client_secret:
            yield f"sign-in {name}", str(identity.client_secret)


def _kinds(group: str) -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=group)}


def _rotations(kinds: Mapping[str, Any], kind: str) -> Mapping[str, Rotation]:
    if kind not in kinds:
        return {}
    declared: Mapping[str, Rotation] = getattr(kinds[kind].load(), "rotations", {})
    return declared
