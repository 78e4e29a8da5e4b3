"""A carrier's status reports: one milestone for each status told, in the normalised vocabulary."""

from __future__ import annotations

from datetime import datetime

from crossdock.canonical.events import Reference
from crossdock.canonical.shipment import Milestone
from crossdock.documents.mapping import Mapped
from crossdock.documents.reading import Reading
from crossdock.edi.segments import Segment


class Milestones:
    """The milestones of one document, in its order; `missing` says which segment should have told one."""

    def __init__(self, reading: Reading, begun: Segment, missing: str) -> None:
        self._reading = reading
        self._begun = begun
        self._missing = missing
        self._found: list[Mapped] = []

    def tell(
        self, said_at: Segment, code: str | None, status: str, at: datetime | None, *,
        tracking: str, shipment: str, number: str, carrier: str, location: str, description: str,
    ) -> None:  # fmt: skip
        """One status. One whose `code` the vocabulary does not have was noted when it was looked up, and refuses the document in the end."""
        if code is None:
            return
        self._reading.anchors[()] = said_at
        milestone = self._reading.finish(
            Milestone,
            {
                "tracking_number": tracking,
                "code": code,
                "at": at or self._reading.context.moment,
                "location": location,
                "description": description,
                "carrier_code": status,
                "carrier": carrier,
            },
        )
        leads = (Reference("tracking", tracking), *((Reference("shipment", shipment),) if shipment else ()))
        self._found.append(Mapped("shipment.milestone", milestone, leads, number=number, occurred_at=at))

    def done(self) -> list[Mapped]:
        """The events. Raises `SchemaInvalid` and `ValueMapMissing` with all that was noted, and for a report without any status."""
        self._reading.refuse("milestone")
        if not self._found:
            self._reading.wrong(self._missing, self._begun)
            self._reading.refuse()
        return self._found
