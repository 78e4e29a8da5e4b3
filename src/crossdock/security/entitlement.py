"""What each receiver may be given: its own entry, its partner's and its tier's, each narrowing the others; decides, strips nothing."""

from __future__ import annotations

from collections.abc import Collection

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import Partner
from crossdock.security.content_filter import OPEN, ContentFilter


def partner_of(landscape: Landscape, system: str) -> Partner | None:
    """The trading partner a system or a subscriber belongs to, None when it is nobody's."""
    subscriber = landscape.subscribers.get(system)
    if subscriber is not None:
        return landscape.partners.get(subscriber.partner or "")
    return next((each for each in landscape.partners.values() if system in each.systems), None)


def withheld(landscape: Landscape, system: str) -> frozenset[str]:
    """The data classes a system must not be given.

    A restricted class needs to be named by every entry that speaks of the receiver. A class that is not restricted goes to all whose entry
    does not say what it may see, and to those whose entry names it.
    """
    described = landscape.systems.get(system)
    partner = partner_of(landscape, system)
    segment = landscape.policies.segments.get(partner.tier) if partner is not None and partner.tier else None
    named: list[Collection[str]] = []
    if described is None:
        named.append(())  # what nobody described is given nothing that is protected
    elif described.may_see is not None:
        named.append(described.may_see)
    if partner is not None and partner.may_see:
        named.append(partner.may_see)
    most = None if segment is None else segment.may_see
    out = landscape.allowed_out(system)
    return frozenset(
        name
        for name, data_class in landscape.policies.data_classes.items()
        if any(name not in entry for entry in named)
        or (most is not None and name not in most)
        or (out is not None and name not in out)  # it is in another region: what the named exception does not list stays
        or (data_class.restricted and not named)
    )


def filter_for(landscape: Landscape, *systems: str) -> ContentFilter:
    """The content filter of a receiver; of several, what none of them may be given is withheld, and what one may not."""
    classes = landscape.policies.data_classes
    paths = {
        tuple(path.split(".")) for system in systems for name in withheld(landscape, system) for path in classes[name].fields
    }
    return ContentFilter(paths) if paths else OPEN
