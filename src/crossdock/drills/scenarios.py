"""What goes wrong in each drill, for how long, and at which system; the trouble itself is made by the simulators and by kill -9."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from crossdock.core.errors import Rejected


class DrillUnknown(Rejected):
    """There is no such drill."""

    code = "drill.unknown"
    hint = "`crossdock drill --help` lists them."


How = Literal["trouble", "kill", "outage", "replay", "restore"]


@dataclass(frozen=True, slots=True)
class Drill:
    """One kind of trouble.

    `how`: `trouble`: for `seconds` the share `rates` of requests or webhooks goes wrong, by fault (`simulators.faults.Fault`), at `systems`;
    `kill`: the hub dies by signal 9 in the midst of its work and is started again at once, as a supervisor does; `outage`: every worker
    dies and stays dead for `seconds`; `replay`: everything that was ever sent is sent once more; `restore`: a backup is taken, work goes on
    for `seconds`, then every worker dies, the ledger is destroyed and the backup is put back.
    `thorough`: purchases and returns are under way, too, and it is over when the money is right as well.
    """

    name: str
    title: str
    proves: str
    seconds: float = 0.0
    how: How = "trouble"
    thorough: bool = False
    systems: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)


DRILLS: Final[Mapping[str, Drill]] = {
    each.name: each
    for each in (
        Drill(
            "failover",
            "The hub dies by kill -9 and comes back",
            "nothing that was acknowledged is lost, nothing is done twice, and how long nothing moves",
            how="kill",
        ),
        Drill(
            "replay",
            "Everything that was ever sent is sent once more",
            "what is known is recognised, and the recorded facts lead to the same decisions today",
            how="replay",
        ),
        Drill(
            "recovery",
            "The whole hub is down for a while, and orders keep coming",
            "what senders could not deliver arrives when the hub is back, in order and once",
            seconds=6.0,
            how="outage",
        ),
        Drill(
            "partner-outage",
            "The warehouse answers nobody",
            "orders wait in the hub, in order, and leave by themselves when the partner is back",
            seconds=8.0,
            systems=("wms-north",),
            rates={"outage_503": 1.0},
        ),
        Drill(
            "throttle",
            "Odoo says: too many requests",
            "the hub waits as long as it is asked to and goes on, without a person",
            seconds=8.0,
            systems=("odoo",),
            rates={"throttle": 0.8},
        ),
        Drill(
            "reorder",
            "Webhooks overtake each other and get lost",
            "events take effect in business order, and what no webhook told is found by asking",
            seconds=8.0,
            systems=("shopify-eu", "woo-outlet", "wms-north"),
            rates={"reorder": 0.6, "drop": 0.2},
        ),
        Drill(
            "duplicate",
            "Everything is told twice, and answers get lost after the effect",
            "the same message twice is one message, and what may have happened is asked for, not repeated",
            seconds=8.0,
            systems=("shopify-eu", "woo-outlet", "wms-north", "carrier-ups", "carrier-dhl", "odoo"),
            rates={"duplicate": 1.0, "timeout_after": 0.15, "reset_after": 0.15},
        ),
        Drill(
            "credential-expiry",
            "The warehouse's key expires and is renewed",
            "the channel is parked with one page to its owner instead of failing orders one by one, and goes on when the key is good again",
            seconds=8.0,
            systems=("wms-north",),
            rates={"expired": 1.0},
        ),
        Drill(
            "restore",
            "The ledger is destroyed and an older backup is put back",
            "every system is asked what happened meanwhile, and the difference is repaired without doing anything twice",
            seconds=5.0,
            how="restore",
            thorough=True,
        ),
    )
}
"""Every drill by name."""


LIMITS: Final[Mapping[How, float]] = {"restore": 120.0, "outage": 70.0, "replay": 70.0}
"""Seconds a drill may take where its trouble alone does not say."""


class PartnerNotSimulated(Rejected):
    """There is no simulated system of this partner."""

    code = "drill.partner_not_simulated"
    hint = (
        "Drills with a partner make trouble at systems that have the name of one of the demo's; hold the drill without --partner."
    )


def demo_systems(partner: str) -> tuple[str, ...]:
    """The systems of a partner of the demo; none for any other."""
    return {"north-3pl": ("wms-north",), "acme-fasteners": ("acme-fasteners",)}.get(partner, ())


def with_partner(drill: Drill, partner: str, systems: tuple[str, ...]) -> Drill:
    """The drill with its trouble at a partner's systems. Raises `PartnerNotSimulated`."""
    from crossdock.simulators.town import Town

    there = tuple(name for name in systems if name in Town().systems)
    if not there:
        raise PartnerNotSimulated(f"no simulated system is {partner}'s", partner=partner)
    return replace(drill, systems=there) if drill.how == "trouble" else drill


def drill_of(name: str) -> Drill:
    """The drill of that name. Raises `DrillUnknown`."""
    if name not in DRILLS:
        raise DrillUnknown(f"there is no drill {name!r}; there are {', '.join(DRILLS)}", name=name)
    return DRILLS[name]
