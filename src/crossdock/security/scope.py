"""The part of the hub a grant reaches: flows, partners (systems), regions and data classes; an empty list is no limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crossdock.ledger.windows import Window


@dataclass(frozen=True, slots=True)
class Subject:
    """What somebody wants to see or touch: where it belongs. Empty means that it is not known or does not apply."""

    flow: str = ""
    systems: frozenset[str] = frozenset()
    region: str = ""
    data_classes: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    """Other flows that carry out the same transaction: whoever looks after one of them looks after it too."""

    @classmethod
    def of(cls, flow: str = "", *systems: str, region: str = "", data_classes: frozenset[str] = frozenset()) -> Subject:
        """The subject of a flow and the systems that take part."""
        return cls(flow, frozenset(filter(None, systems)), region, data_classes)


@dataclass(frozen=True, slots=True)
class Scope:
    """Limits of one grant; every dimension that is not empty must fit."""

    flows: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    data_classes: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether this is no limit at all."""
        return not (self.flows or self.systems or self.regions or self.data_classes)

    def covers(self, subject: Subject, regions: Mapping[str, str]) -> bool:
        """Whether the subject lies inside; what is not known of it lies outside of a limit.

        `regions` names the region of each system of the landscape.
        """
        if self.flows and not self.flows & {subject.flow, *subject.beside}:
            return False
        if self.systems and not subject.systems & self.systems:
            return False
        if self.regions:
            known = {subject.region} if subject.region else {regions.get(system, "") for system in subject.systems}
            if not known & self.regions:
                return False
        return not (self.data_classes and subject.data_classes - self.data_classes)

    def window(self, regions: Mapping[str, str]) -> Window:
        """The limits as a list of rows can be narrowed by them; data classes narrow fields, not rows."""
        systems = self.systems or None
        if self.regions:
            inside = frozenset(name for name, region in regions.items() if region in self.regions)
            systems = inside if systems is None else systems & inside
        return Window(self.flows or None, systems)


EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True)
class Facts:
    """What decisions need to know of the landscape: the region of each system."""

    regions: Mapping[str, str] = field(default_factory=dict)
