"""`systems/*.yaml`: a system the hub talks to, its owner, credentials by reference, limits, circuit breaker and polls."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from crossdock.core.breaker import BreakerPolicy
from crossdock.core.ratelimit import RateLimit
from crossdock.landscape.models.access import Access
from crossdock.landscape.models.base import Duration, Name, Size, Strict, Text

CredentialReference = Annotated[
    str,
    Field(
        pattern=r"^(env|file|vault):\S+$",
        description="`env:NAME`, `file:relative/path` or `vault:path`; never the secret itself.",
    ),
]


class Limits(Strict):
    """How hard the hub may press a system, and what the hub takes from it."""

    rate: Annotated[Decimal | None, Field(gt=0, description="Calls per second on average; none means as fast as it answers.")] = (
        None
    )
    burst: Annotated[int, Field(ge=1, description="Calls that may be made at once after a quiet time.")] = 10
    concurrency: Annotated[int, Field(ge=1, le=1000, description="Calls in flight at the same time.")] = 8
    timeout: Annotated[Duration, Field(description="After this time without an answer a call is given up.")] = timedelta(
        seconds=30
    )
    daily: Annotated[int | None, Field(ge=1, description="Calls per calendar day (UTC) the contract with the system allows.")] = (
        None
    )
    max_body: Annotated[Size, Field(description="The largest message accepted from the system.")] = 1_048_576

    def rate_limit(self) -> RateLimit | None:
        """The token bucket of the system, None when calls are not limited by rate."""
        return None if self.rate is None else RateLimit(float(self.rate), float(self.burst))


class Breaker(Strict):
    """When the hub stops calling a system that does not answer, and when it tries again."""

    failures: Annotated[int, Field(ge=1, description="Failures in a row that open the breaker.")] = 5
    pause: Annotated[
        Duration, Field(description="How long nothing is sent after it opened; doubles while the system stays down.")
    ] = timedelta(seconds=15)
    max_pause: Annotated[Duration, Field(description="The longest pause.")] = timedelta(minutes=5)
    probes: Annotated[int, Field(ge=1, description="Successful calls before it closes again.")] = 1

    def policy(self) -> BreakerPolicy:
        """The settings as the core computes with them."""
        return BreakerPolicy(self.failures, self.pause.total_seconds(), self.max_pause.total_seconds(), self.probes)


class Poll(Strict):
    """A channel the hub asks on its own."""

    channel: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$", description="The connector's channel, for example `orders`.")
    ]
    every: Annotated[Duration, Field(description="Time between two polls.")]


class System(Strict):
    """One system: an Odoo, a shop, a warehouse, a carrier."""

    name: Annotated[
        Name,
        Field(
            description="The system's name; the file's name when absent. It is in URLs and business keys, so it never changes."
        ),
    ]
    title: Annotated[Text, Field(description="The system's name for people.")] = ""
    kind: Annotated[Name, Field(description="The connector: an entry point of the group `crossdock.connectors`.")]
    endpoint: Annotated[
        str, Field(pattern=r"^([a-z][a-z0-9+.-]*://\S+)?$", description="Base URL. An environment may override it.")
    ] = ""
    owner: Annotated[Name | None, Field(description="The team that answers for this system.")] = None
    region: Annotated[Name | None, Field(description="Where its data lives.")] = None
    trust: Annotated[
        Literal["internal", "partner", "public"],
        Field(description="`internal`: ours; `partner`: under contract; `public`: anybody's."),
    ] = "internal"
    credentials: Annotated[
        dict[Name, CredentialReference],
        Field(description="Purpose (`api_key`, `webhook_secret`) and where the vault has the secret."),
    ] = Field(default_factory=dict)
    options: Annotated[dict[str, Any], Field(description="The connector's own settings; see the connector's page.")] = Field(
        default_factory=dict
    )
    limits: Annotated[Limits, Field(description="Rate, concurrency, timeout, size; what is absent comes from the defaults.")] = (
        Limits()
    )
    breaker: Annotated[Breaker, Field(description="Circuit breaker; what is absent comes from the defaults.")] = Breaker()
    polls: Annotated[tuple[Poll, ...], Field(description="Channels the hub asks on its own.")] = ()
    calendar: Annotated[Name | None, Field(description="When the place behind this system works (`calendars.yaml`).")] = None
    allow: Annotated[
        tuple[str, ...],
        Field(description="The only calls this credential may make, in the connector's words (`sale.order.action_confirm`)."),
    ] = ()
    may_see: Annotated[
        tuple[Name, ...] | None,
        Field(description="Data classes (`policies.yaml`) this system may be given; absent: all that are not restricted."),
    ] = None
    access: Annotated[Access, Field(description="Who may send in its name: addresses, client certificates, access tokens.")] = (
        Access()
    )
