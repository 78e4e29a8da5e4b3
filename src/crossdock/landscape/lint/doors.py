"""Checks of doors and ways out: nobody switches the verification of TLS off, and what is asked of senders can be shown by them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crossdock.landscape.document import Path
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

SWITCH = re.compile(
    r"^(ssl_?|tls_?)?(no_?|skip_?|disable_?)?(verify|verification|check_?hostname|cert_?reqs)(_?(ssl|tls|peer|host|mode|certs?|certificates?))?$"
    r"|^(insecure|allow_?insecure|trust_?all|ssl_?no_?verify|insecure_?skip_?verify)$",
    re.IGNORECASE,
)
LIBRDKAFKA = frozenset({"enable.ssl.certificate.verification", "ssl.endpoint.identification.algorithm"})


def _switches(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, inner in value.items():
            name = str(key)
            if name in LIBRDKAFKA:
                if str(inner).lower() in ("false", "none", "0", "no", ""):
                    yield (*path, name)
            elif SWITCH.match(name) and (
                isinstance(inner, bool | int) or str(inner).lower() in ("none", "cert_none", "false", "no", "off")
            ):
                yield (*path, name)
            else:
                yield from _switches(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _switches(inner, (*path, index))


@check("tls-verification", structural=True)
def tls_verification(view: View) -> Iterator[Finding]:
    """A setting is meant to switch the verification of a TLS certificate off: whoever sits on the way could read and change everything."""
    for document in view.draft.documents.values():
        if document.file.startswith(("value-maps/", "rules/", "tests/")):
            continue
        for path in _switches(document.value):
            hint = "Remove it; trust a private authority by the credential `tls_authority` (its certificate as PEM), for this system only."
            yield document.finding("", f"{'.'.join(map(str, path))}: verification cannot be switched off", hint, path=path)


@check("client-twice", structural=True)
def client_twice(view: View) -> Iterator[Finding]:
    """Two partners have a client of one id: a token would not say whose it is."""
    known: dict[str, str] = {}
    for name, partner in sorted(view.partners.items()):
        for client in partner.clients:
            if known.setdefault(client, name) != name:
                yield view.at(
                    "partners", name, ("clients", client), f"{known[client]} has a client {client!r} too", "Rename one."
                )


@check("client-systems", structural=True)
def client_systems(view: View) -> Iterator[Finding]:
    """A client is to speak for a system that is not its partner's."""
    for name, partner in sorted(view.partners.items()):
        for client, described in partner.clients.items():
            for system in sorted(set(described.systems) - set(partner.systems)):
                where = ("clients", client, "systems")
                yield view.at(
                    "partners", name, where, f"{system!r} is none of {name}'s systems", "Name systems of the partner only."
                )


@check("door-unshowable")
def door_unshowable(view: View) -> Iterator[Finding]:
    """A file asks for a client certificate, a token or a signed assertion that nobody can show in any environment."""
    doors = [each.door for each in view.environments.values()]
    asks = any(each.client_authority for each in doors)
    addressed = any(each.address for each in view.environments.values())
    for kind, name, access in (
        *(("systems", name, each.access) for name, each in view.systems.items()),
        *(("partners", name, each.access) for name, each in view.partners.items()),
    ):
        if access.certificates and not asks:
            hint = "Set `door.certificate`, `door.key` and `door.client_authority` in an environment."
            yield view.at(kind, name, ("access", "certificates"), "no environment asks for client certificates", hint)
        systems = {name} if kind == "systems" else set(view.partners[name].systems)
        if access.token and not any(each.clients and systems & set(each.systems) for each in view.partners.values()):
            yield view.at(
                kind, name, ("access", "token"), "no partner has a client that gets tokens", "Add `clients` to the partner."
            )
    for name, partner in view.partners.items():
        for client, described in partner.clients.items():
            if described.keys and view.environments and not addressed:
                hint = "Set the environment's `address`: an assertion names it as its audience."
                yield view.at("partners", name, ("clients", client, "keys"), "no environment has an address", hint)
