"""What a connector's author brings to the conformance suite: sample commands, requests, messages, polls and questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crossdock.core.commands import Command

if TYPE_CHECKING:
    from crossdock.testing.bench import Bench

Prepare = Callable[["Bench"], Awaitable[Mapping[str, Any] | None]]
"""Brings the target into the state a sample needs; what it returns is merged into the command's data (or the poll's cursor)."""


@dataclass(frozen=True, slots=True)
class CommandSample:
    """One command the connector delivers, and how its effect is counted at the target.

    `data` is the command's data (docs/reference/commands.md). Effects are the target's records of `effect_kind` (empty: of any
    kind) whose key is `effect_key`; without `effect_key`, those whose idempotency key is the command's id. `count` replaces that
    by a function of its own: the number of times the effect is really there.

    `path` and `method` name the request that carries the effect, as globs: the faults hit it and no other (a token request, a
    search). `ack` are the keys the acknowledgement must have. `refused` changes the data so that the target refuses it for a
    business reason, and `refused_words` are words of the target that must be found in the error. `prepare` makes what must
    exist before; `orphan` says that without it the target refuses or the hub must wait (never Accepted, never a crash).
    `reconciles` is False where the target cannot be asked, so that `find_effect` may stay unclear. `effect` is False for a command
    that asks nothing of the target (the connector only takes note): no fault can hit it and nothing is counted.
    """

    name: str
    data: Mapping[str, Any]
    key: str = "order/shop/1001"
    effect_kind: str = ""
    effect_key: str = ""
    count: Callable[[Any, Command], int] | None = None
    path: str = "*"
    method: str = "*"
    ack: Sequence[str] = ()
    refused: Mapping[str, Any] | None = None
    refused_words: str = ""
    prepare: Prepare | None = None
    orphan: bool = True
    reconciles: bool = True
    effect: bool = True
    label: str = ""

    @property
    def title(self) -> str:
        """The name shown for this sample in test ids."""
        return f"{self.name}-{self.label}" if self.label else self.name


@dataclass(frozen=True, slots=True)
class RequestSample:
    """One webhook as the target sends it, unsigned: the suite signs it rightly, wrongly, too early and too late.

    `headers` are those without the signature (lower case). `topics` are the topics of the messages it holds, in order.
    """

    channel: str
    body: bytes
    topics: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def title(self) -> str:
        """The name shown for this sample in test ids."""
        return self.label or "+".join(self.topics) or self.channel


@dataclass(frozen=True, slots=True)
class MessageSample:
    """One stored message and the types of the events it becomes, in order."""

    topic: str
    body: bytes
    events: Sequence[str]
    channel: str = "webhook"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None
    label: str = ""

    @property
    def title(self) -> str:
        """The name shown for this sample in test ids."""
        return f"{self.topic}-{self.label}" if self.label else self.topic


@dataclass(frozen=True, slots=True)
class PollSample:
    """One poll: how to make something to find, and the topics it must find (each at least once).

    `messages` is how many it must find in all, over as many pages as it needs (None: not counted). `path` and `method` name the requests of this poll that the faults hit.
    """

    channel: str
    topics: Sequence[str]
    messages: int | None = None
    cursor: Mapping[str, Any] = field(default_factory=dict)
    prepare: Prepare | None = None
    path: str = "*"
    method: str = "*"

    @property
    def title(self) -> str:
        """The name shown for this sample in test ids."""
        return self.channel


@dataclass(frozen=True, slots=True)
class QuestionSample:
    """One question and the keys its answer must have."""

    name: str
    data: Mapping[str, Any]
    answer: Sequence[str] = ()
    prepare: Prepare | None = None
    path: str = "*"
    method: str = "*"

    @property
    def title(self) -> str:
        """The name shown for this sample in test ids."""
        return self.name


@dataclass(frozen=True, slots=True)
class SnapshotSample:
    """An inventory snapshot: how to fill the target, and the number of lines that must come."""

    lines: int
    prepare: Prepare | None = None
    path: str = "*"
    method: str = "*"

    @property
    def title(self) -> str:
        """The name shown for this sample in test ids."""
        return "snapshot"
