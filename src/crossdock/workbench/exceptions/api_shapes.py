"""The shapes of what the API of exceptions takes and gives; knows no operation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, SecretStr

from crossdock.workbench.exceptions import choosing

Text = Annotated[str, Field(max_length=4000)]
Seen = Annotated[int | None, Field(ge=0, lt=2**63)]
Short = Annotated[str, Field(max_length=300)]


class Chosen(Schema):
    """Which exceptions; empty is any. `older`, `newer` and `due` are hours, `assignee` may be `me`."""

    standing: Literal["open", "active", "retrying", "snoozed", "proposed", "resolved"] = "open"
    owner: Short = ""
    assignee: Short = ""
    flow: Short = ""
    system: Short = ""
    partner: Short = ""
    region: Short = ""
    code: Short = ""
    step: Short = ""
    fingerprint: Short = ""
    key: Short = ""
    older: Annotated[float | None, Field(ge=0, le=100_000)] = None
    newer: Annotated[float | None, Field(ge=0, le=100_000)] = None
    due: Annotated[float | None, Field(ge=0, le=100_000)] = None

    def choice(self) -> choosing.Choice:
        """The choice as the inbox reads it."""
        said = {name: str(value) for name, value in self.dict().items() if name in choosing.OWN and value not in (None, "")}
        return choosing.read(said)


class MoneyOut(Schema):
    """An exact amount."""

    amount: str
    currency: str


class ExceptionOut(Schema):
    """An exception as lists show it. `version` goes back as `seen` to be told when it changed meanwhile."""

    number: str
    state: str
    code: str
    family: str
    message: str
    step: str
    system: str
    flow: str
    key: str
    owner: str
    assignee: str
    at_risk: MoneyOut | None
    occurrences: int
    opened_at: str
    changed_at: str
    due_at: str | None
    fingerprint: str
    resolution: str
    note: str
    resolved_by: str
    version: int


class GroupOut(Schema):
    """Open exceptions with one cause."""

    fingerprint: str
    count: int
    orders: int
    at_risk: list[MoneyOut]
    first_at: str
    last_at: str
    due_at: str | None
    sample: ExceptionOut | None


class HintOut(Schema):
    """A probable cause with its evidence."""

    cause: str
    remedy: str
    mend: str
    sure: bool
    evidence: list[tuple[str, str]]


class StageOut(Schema):
    """A stage of the transaction."""

    name: str
    at: str | None


class VersionOut(Schema):
    """A corrected version."""

    version: int
    author: str
    reason: str
    state: str
    decided_by: str
    changes: list[dict[str, Any]]


class DetailOut(ExceptionOut):
    """Everything known of one exception."""

    detail: dict[str, Any]
    actions: list[str]
    uncertain: bool
    alike: int
    hint: HintOut | None
    stages: list[StageOut]
    references: list[tuple[str, str]]
    attempts: list[dict[str, Any]]
    earlier: list[ExceptionOut]
    versions: list[VersionOut]
    runbook: str


class PayloadOut(Schema):
    """What crossed at one step."""

    step: str
    system: str
    title: str
    at: str
    outcome: str
    text: str


class FoundOut(Schema):
    """What a name leads to."""

    keys: list[str]
    exceptions: list[ExceptionOut]


class AnswerOut(Schema):
    """What became of something asked. `pending`: recorded, the hub carries it out as soon as it can."""

    done: bool
    pending: bool = False
    result: dict[str, Any] = Field(default_factory=dict)


class Do(Schema):
    """A doing. `seen` is the version that was looked at: when it changed since, nothing is done."""

    note: Text = ""
    seen: Seen = None


class ResolveIn(Do):
    """Why it is resolved; of an uncertain effect, whether it happened."""

    code: Literal["corrected", "done_by_hand", "duplicate", "obsolete", "agreed_with_partner", "no_action_needed"]
    happened: bool | None = None


class DecideIn(Do):
    """One of the actions the process offers, with what it needs."""

    action: Annotated[str, Field(max_length=64)]
    data: dict[str, Any] = Field(default_factory=dict)


class AssignIn(Do):
    """To whom; an empty assignee is the team's."""

    assignee: Annotated[str, Field(max_length=200)] | None = None
    owner: Annotated[str, Field(max_length=200)] | None = None


class SnoozeIn(Do):
    """For so many hours, or `for` `count:N`, `value_map:MAP:CODE`, `system:NAME`."""

    hours: Annotated[float | None, Field(gt=0, le=8784)] = None
    until_event: Annotated[str, Field(alias="for", max_length=400)] = ""


class CorrectIn(Schema):
    """The whole corrected content. With `check` nothing is done: what would change, or what is wrong, is told."""

    body: Annotated[str, Field(min_length=1, max_length=1_048_576)]
    reason: Text = ""
    check: bool = False
    seen: Seen = None


class MapIn(Schema):
    """A value-map entry that fills a hole."""

    map: Annotated[str, Field(min_length=1, max_length=63)]
    code: Annotated[str, Field(min_length=1, max_length=255)]
    value: Annotated[str, Field(min_length=1, max_length=255)]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class CredentialIn(Schema):
    """A renewed credential: `purpose` as the landscape names it, `value` is kept in the hub's secrets and shown to nobody."""

    purpose: Annotated[str, Field(min_length=1, max_length=63)]
    value: Annotated[SecretStr, Field(min_length=1, max_length=65_536)]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class MapOut(Schema):
    """An entry added while the hub runs."""

    id: str
    map: str
    code: str
    value: str
    author: str
    reason: str
    created_at: str


class FilterIn(Schema):
    """A filter to keep."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    chosen: Chosen
    shared: bool = False


class FilterOut(Schema):
    """A saved filter; `query` is that of the inbox."""

    id: int
    name: str
    query: str
    owner: str
    shared: bool


class UnmaskIn(Schema):
    """Why somebody needs to see protected fields."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class DocumentOut(Schema):
    """What a correction starts from."""

    text: str
    command: str
