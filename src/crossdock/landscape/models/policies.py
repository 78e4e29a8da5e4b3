"""`policies.yaml`: naming, data classes, retention, segments, alert routes and who must review what."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from crossdock.landscape.models.base import Duration, Name, Severity, Strict, Text
from crossdock.landscape.models.credentials import CredentialRule

RiskClass = Literal[
    "ownership", "schema", "partner", "data_class", "money", "retention", "connectivity", "flow", "rule", "wording"
]
"""What a change touches; reviewers are named per class."""


class Naming(Strict):
    """Regular expressions the names must match."""

    systems: Annotated[str, Field(description="Names of systems.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    flows: Annotated[str, Field(description="Names of flows.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    partners: Annotated[str, Field(description="Names of partners.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    rules: Annotated[str, Field(description="Names of rules.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    value_maps: Annotated[str, Field(description="Names of value maps.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"


class DataClass(Strict):
    """A kind of data with its own protection."""

    title: Annotated[Text, Field(description="What it is, for people.")] = ""
    fields: Annotated[tuple[str, ...], Field(description="Paths of canonical fields, for example `order.customer.email`.")] = ()
    restricted: Annotated[bool, Field(description="Given only to systems and partners whose `may_see` names it.")] = False
    encrypted: Annotated[bool, Field(description="Encrypted in the ledger.")] = False


class Retention(Strict):
    """How long payloads of a data class are kept in a state."""

    data_class: Annotated[Name | None, Field(description="The data class; absent: all others.")] = None
    state: Annotated[
        Literal["settled", "rejected", "exception_open", "audit"], Field(description="What the message came to.")
    ] = "settled"
    keep: Annotated[Duration, Field(description="How long.")]


class Segment(Strict):
    """What a tier of partners gets."""

    title: Annotated[Text, Field(description="The tier, for people.")] = ""
    weight: Annotated[int, Field(ge=1, le=100, description="Share of the workers' time when all queues are full.")] = 10
    rate: Annotated[int | None, Field(ge=1, description="Messages per second accepted from one partner of this tier.")] = None
    alerts: Annotated[Name | None, Field(description="Alert route for failures of partners of this tier.")] = None
    may_see: Annotated[
        tuple[Name, ...] | None,
        Field(
            description="The most data classes a partner of this tier may be given, whatever its own file says; absent: no limit."
        ),
    ] = None
    regions: Annotated[
        tuple[Name, ...] | None,
        Field(description="Where data of partners of this tier may live: their systems and the environment; absent: anywhere."),
    ] = None
    respond_within: Annotated[
        Duration | None,
        Field(
            description="The clock of exceptions of partners of this tier that have no deadline of their own; absent: the house's."
        ),
    ] = None


AlertTarget = Annotated[
    str,
    Field(
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|(env|file|vault):\S+)$",
        description="`mailto:` and an address, or a reference (`env:NAME`, `file:path`, `vault:path`) to an Apprise URL, which holds secrets.",
    ),
]


class AlertRoute(Strict):
    """Where alerts go."""

    targets: Annotated[
        tuple[AlertTarget, ...],
        Field(min_length=1, description="`mailto:` addresses, or references (`env:NAME`) to addresses with secrets in them."),
    ]
    severities: Annotated[tuple[Severity, ...], Field(description="Which alerts.")] = ("warning", "critical")
    at_most_every: Annotated[
        Duration, Field(description="Alerts are gathered into one notification in this time; critical ones go at once.")
    ] = timedelta(minutes=5)
    escalate_after: Annotated[Duration | None, Field(description="When nobody took it by then, the next route gets it.")] = None
    escalate_to: Annotated[Name | None, Field(description="The next route.")] = None


class Alerting(Strict):
    """What holds for all alerts."""

    default_route: Annotated[
        Name | None, Field(description="Gets what no team has a route for, and word of alerts that could not be told.")
    ] = None
    again_after: Annotated[
        Duration, Field(description="What was told is told again after this time when more of the same has come.")
    ] = timedelta(hours=1)
    settle: Annotated[
        Duration, Field(description="Something is over when it has been well for so long; what returns before is not told again.")
    ] = timedelta(minutes=5)
    tell_when_over: Annotated[bool, Field(description="Say by the same route when something told is over.")] = True


class Feed(Strict):
    """What is expected of a channel by which a system sends, beyond the rhythm the hub learns by itself."""

    system: Annotated[Name, Field(description="The system.")]
    channel: Annotated[str | None, Field(description="Its channel; absent: all its channels.")] = None
    silent_after: Annotated[
        Duration | None,
        Field(description="Silence longer than this is an alert, whatever was usual; absent: the learned rhythm."),
    ] = None
    calendar: Annotated[
        Name | None, Field(description="Silence counts in the working time of this calendar only; absent: always.")
    ] = None
    watch: Annotated[bool, Field(description="`false`: the channel is not watched.")] = True
    severity: Annotated[Severity, Field(description="How bad its silence is.")] = "warning"
    owner: Annotated[Name | None, Field(description="The team that is told; absent: the system's owner.")] = None
    error_share: Annotated[
        Decimal, Field(gt=0, le=1, description="Share of failed attempts above which calls to the system count as degraded.")
    ] = Decimal("0.2")
    latency: Annotated[Duration | None, Field(description="95 of 100 calls are faster; absent: three times what was usual.")] = (
        None
    )


class SecondPerson(Strict):
    """What one person may only propose; another approves it. Every limit that is stated must fit."""

    actions: Annotated[
        tuple[Literal["edit", "bulk"], ...],
        Field(min_length=1, description="`edit`: a corrected message or command; `bulk`: a bulk job."),
    ]
    flows: Annotated[tuple[Name, ...], Field(description="Only for exceptions of these flows.")] = ()
    systems: Annotated[tuple[Name, ...], Field(description="Only for exceptions of these systems.")] = ()
    above: Annotated[
        Decimal | None,
        Field(ge=0, description="Only from this amount at risk, in the order's own currency; unknown amounts count."),
    ] = None

    def asks(self, action: str, flow: str, system: str, amount: Decimal | None) -> bool:
        """Whether this needs a second person. `amount` is what is at risk, None when nobody knows."""
        return (
            action in self.actions
            and (not self.flows or flow in self.flows)
            and (not self.systems or system in self.systems)
            and (self.above is None or amount is None or amount >= self.above)
        )


class ExceptionPolicy(Strict):
    """How people work on exceptions."""

    respond_within: Annotated[
        Duration | None, Field(description="The clock of an exception that has no deadline of its own; null: none.")
    ] = timedelta(hours=8)
    second_person: Annotated[
        tuple[SecondPerson, ...], Field(description="What needs a second person; the first fitting entry counts.")
    ] = ()
    bulk_pace: Annotated[
        int, Field(ge=1, le=1000, description="The most exceptions a bulk job retries in a second, whatever the systems stand.")
    ] = 20
    stop_after: Annotated[
        int, Field(ge=1, description="A bulk job halts when so many of its first retries fail again and none succeeded.")
    ] = 10
    runbooks: Annotated[
        dict[str, Text], Field(description="Code of an exception and the address of the page that says what to do.")
    ] = Field(default_factory=dict)


class RequiredDrill(Strict):
    """A drill that has to be held again and again, and before going live (`crossdock golive`)."""

    drill: Annotated[
        Literal[
            "failover", "replay", "recovery", "partner-outage", "throttle", "reorder", "duplicate", "credential-expiry", "restore"
        ],
        Field(description="The drill."),
    ]
    every: Annotated[Duration, Field(description="It is old after this time.")] = timedelta(days=31)
    warn: Annotated[Duration, Field(description="The owner is told this long before it gets old.")] = timedelta(days=7)
    partner: Annotated[
        str, Field(pattern=r"^(\*|[a-z0-9]+(-[a-z0-9]+)*)?$", description="Held with this partner; `*`: with every live partner.")
    ] = ""
    flow: Annotated[
        str, Field(pattern=r"^(\*|[a-z0-9]+(-[a-z0-9]+)*)?$", description="Held with this flow; `*`: with every enabled flow.")
    ] = ""
    owner: Annotated[
        Name | None, Field(description="The team that holds it and is told; absent: the partner's or flow's owner.")
    ] = None


class ReviewRule(Strict):
    """Who must approve a change of these risk classes."""

    risks: Annotated[tuple[RiskClass, ...], Field(min_length=1, description="Risk classes (`crossdock diff` names them).")]
    reviewers: Annotated[tuple[Name, ...], Field(min_length=1, description="Teams.")]
    quorum: Annotated[int, Field(ge=1, description="Approvals needed.")] = 1
    each: Annotated[bool, Field(description="`true`: every team named must give so many; else all of them together.")] = False


class Emergency(Strict):
    """Who may let a change run before it was reviewed, and by when it is reviewed afterwards."""

    teams: Annotated[tuple[Name, ...], Field(min_length=1, description="Teams whose people may.")]
    quorum: Annotated[int, Field(ge=1, description="So many people must agree.")] = 1
    review_within: Annotated[
        Duration, Field(description="The ordinary review is owed in this time; the board's owner is told when it is not.")
    ] = timedelta(days=1)


class Standard(Strict):
    """A rule of the house for interfaces that the board checks; a breach needs a waiver of the owner, which expires."""

    name: Annotated[Name, Field(description="The standard's name.")]
    title: Annotated[Text, Field(description="What it asks, for people.")] = ""
    owner: Annotated[Name, Field(description="The team that may waive it.")]
    check: Annotated[
        Literal["naming", "error_handling", "retention", "findings"],
        Field(
            description="`naming`: names fit `pattern`; `error_handling`: every flow that runs names who gets its exceptions, a retry budget of its "
            "own that ends, and the business consequence; `retention`: every data class is kept in every state for a time that is written "
            "down, and not longer than `at_most`; `findings`: `crossdock check` does not find any of `codes`, warnings included."
        ),
    ]
    kinds: Annotated[
        tuple[Literal["systems", "partners", "flows", "rules", "value-maps"], ...],
        Field(description="`naming`: of what; empty: of all."),
    ] = ()
    pattern: Annotated[str, Field(max_length=500, description="`naming`: a regular expression (without look-around).")] = ""
    at_most: Annotated[Duration | None, Field(description="`retention`: settled messages are not kept longer.")] = None
    codes: Annotated[tuple[str, ...], Field(description="`findings`: codes of findings.")] = ()
    waived_at_most: Annotated[Duration, Field(description="A waiver lasts at most so long.")] = timedelta(days=90)


class Board(Strict):
    """How the review board works; who must approve what is said under `review`."""

    owner: Annotated[
        Name | None,
        Field(description="The team that answers for the board: told of overdue reviews, may waive what evidence lacks."),
    ] = None
    open_for: Annotated[Duration, Field(description="A change request that is not decided in this time has expired.")] = (
        timedelta(days=14)
    )
    approvals_last: Annotated[Duration, Field(description="An approval counts this long.")] = timedelta(days=14)
    messages: Annotated[
        int, Field(ge=0, le=10_000, description="So many of the last real messages are replayed against old and new.")
    ] = 200
    emergency: Annotated[Emergency | None, Field(description="The way for what cannot wait; absent: there is none.")] = None
    standards: Annotated[tuple[Standard, ...], Field(description="Standards for interfaces.")] = ()


class Crossing(Strict):
    """A named exception: payloads of these flows may leave one region to systems of another, without the data classes not listed."""

    name: Annotated[Name, Field(description="The exception's name.")]
    leaves: Annotated[Name, Field(description="The region whose payloads leave it.")]
    reaches: Annotated[Name, Field(description="The region of the systems they are given to.")]
    flows: Annotated[tuple[Name, ...], Field(min_length=1, description="Only of these flows.")]
    data_classes: Annotated[
        tuple[Name, ...],
        Field(description="Data classes that may leave too; all others are withheld, whatever else the receiver may see."),
    ] = ()
    owner: Annotated[Name, Field(description="The team that answers for it.")]
    reason: Annotated[Text, Field(min_length=10, description="Why it must be, in business words.")]
    review_by: Annotated[
        str | None, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The date by which it is looked at again.")
    ] = None


class Residency(Strict):
    """What leaves a region: payloads by named exceptions only, and what its hub tells the coordinator."""

    crossings: Annotated[
        tuple[Crossing, ...], Field(description="Named exceptions; without one no payload leaves its region.")
    ] = ()
    money: Annotated[
        tuple[Name, ...],
        Field(
            description="Regions that also tell the coordinator what money is at risk, as totals by exception code and currency."
        ),
    ] = ()


class Policies(Strict):
    """The rules of the house."""

    naming: Annotated[Naming, Field(description="How things are named.")] = Naming()
    data_classes: Annotated[dict[Name, DataClass], Field(description="Kinds of data with their own protection.")] = Field(
        default_factory=dict
    )
    retention: Annotated[
        tuple[Retention, ...], Field(description="How long payloads are kept; the first fitting entry counts.")
    ] = ()
    segments: Annotated[dict[Name, Segment], Field(description="Tiers of partners.")] = Field(default_factory=dict)
    alert_routes: Annotated[dict[Name, AlertRoute], Field(description="Where alerts go, by name.")] = Field(default_factory=dict)
    alerting: Annotated[Alerting, Field(description="What holds for all alerts.")] = Alerting()
    feeds: Annotated[
        tuple[Feed, ...], Field(description="What is expected of what systems send; the first fitting entry counts.")
    ] = ()
    exceptions: Annotated[ExceptionPolicy, Field(description="How people work on exceptions.")] = ExceptionPolicy()
    rotation: Annotated[
        tuple[CredentialRule, ...], Field(description="How credentials are renewed; the first fitting entry counts.")
    ] = ()
    drills: Annotated[
        tuple[RequiredDrill, ...],
        Field(
            description="Which drills are held how often; absent: every drill, every 31 days, asked for by `crossdock golive` only."
        ),
    ] = ()
    review: Annotated[tuple[ReviewRule, ...], Field(description="Who must approve which changes.")] = ()
    board: Annotated[Board, Field(description="How the review board works.")] = Board()
    residency: Annotated[Residency, Field(description="What may leave a region. See docs/how-to/run-several-regions.md.")] = (
        Residency()
    )
