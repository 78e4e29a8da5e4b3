"""Checks of segmentation: regions a tier allows, and receivers that get documents which are none without what they may not see."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View


@check("region-of-tier")
def region_of_tier(view: View) -> Iterator[Finding]:
    """A partner, or a system of it, is in a region its tier does not allow."""
    for name, partner in view.partners.items():
        segment = view.policies.segments.get(partner.tier or "")
        if segment is None or segment.regions is None:
            continue
        allowed = f"The tier {partner.tier!r} allows: {', '.join(segment.regions) or 'none'}."
        if partner.region is None or partner.region not in segment.regions:
            said = f"region {partner.region!r} is not allowed" if partner.region else "the partner names no region"
            yield view.at("partners", name, ("region",) if partner.region else (), said, allowed)
        for system in partner.systems:
            described = view.systems.get(system)
            if described is not None and described.region is not None and described.region not in segment.regions:
                yield view.at("systems", system, ("region",), f"region {described.region!r} is not allowed", allowed)


@check("unnamed-class", "warning")
def unnamed_class(view: View) -> Iterator[Finding]:
    """A system may see a data class its partner's file, or its tier, does not name: it is withheld all the same."""
    for name, partner in view.partners.items():
        segment = view.policies.segments.get(partner.tier or "")
        most = None if segment is None else segment.may_see
        for system in partner.systems:
            described = view.systems.get(system)
            for index, data_class in enumerate((described.may_see if described is not None else None) or ()):
                where = (
                    f"the partner {name!r}" if partner.may_see and data_class not in partner.may_see
                    else f"the tier {partner.tier!r}" if most is not None and data_class not in most
                    else ""
                )  # fmt: skip
                if where:
                    yield view.at(
                        "systems", system, ("may_see", index), f"{where} does not name the data class {data_class!r}",
                        "Every entry that says what a receiver may see has to name the class; take it out here, or name it there.",
                    )  # fmt: skip


@check("encrypted-without-key")
def encrypted_without_key(view: View) -> Iterator[Finding]:
    """A data class is marked encrypted, and an environment that bundles are promoted to names no key: no hub starts there."""
    if not any(each.encrypted for each in view.policies.data_classes.values()):
        return
    for name, environment in view.environments.items():
        if environment.encryption is None and environment.promotion is not None:
            yield view.at(
                "environments", name, (), "a data class is encrypted, and no key is named here",
                "Say where the key is: `encryption: {key: vault:payloads}` (or env:, file:); `openssl rand -base64 32` makes one.",
            )  # fmt: skip
