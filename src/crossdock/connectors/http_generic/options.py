"""The `options:` block of an `http` system: everything the connector knows about its system."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from crossdock.connectors.base import Options
from crossdock.connectors.http_generic.inbound_options import ChannelRule, DocumentRule, TokenIn
from crossdock.connectors.http_generic.outbound_options import (
    CommandRule,
    NoAuth,
    OAuth2Out,
    OutAuth,
    PollRule,
    ProbeRule,
    QuestionRule,
    known_commands,
)
from crossdock.connectors.protocol import Capabilities


class HttpOptions(Options):
    """`channels` come in at `/in/<system>/<channel>`; `documents` map their topics (`*` is any other) to events; `commands` and
    `questions` go out to the endpoint; `polls` fetch what the system does not send by itself."""

    channels: dict[str, ChannelRule] = Field(default_factory=dict)
    documents: dict[str, DocumentRule] = Field(default_factory=dict)
    polls: dict[str, PollRule] = Field(default_factory=dict)
    auth: OutAuth = NoAuth()
    commands: Annotated[dict[str, CommandRule], BeforeValidator(known_commands)] = Field(default_factory=dict)
    questions: dict[str, QuestionRule] = Field(default_factory=dict)
    probe: ProbeRule = ProbeRule()

    @model_validator(mode="after")
    def _whole(self) -> HttpOptions:
        ways = {f"channels.{name}": rule.topic for name, rule in self.channels.items()}
        ways |= {f"polls.{name}": rule.topic for name, rule in self.polls.items()}
        if ways and not self.documents:
            raise ValueError("`documents` is missing: nothing says which events the incoming messages become")
        for place, topic in ways.items():
            if topic.const is not None and topic.const not in self.documents and "*" not in self.documents:
                raise ValueError(f"{place}: no document {topic.const!r}; there are {', '.join(sorted(self.documents))}")
        return self

    def credentials(self) -> frozenset[str]:
        """The purposes of the credentials these options need."""
        needed = {rule.auth.credential for rule in self.channels.values() if not isinstance(rule.auth, TokenIn)}
        if isinstance(self.auth, OAuth2Out):
            needed |= self.auth.purposes()
        elif not isinstance(self.auth, NoAuth):
            needed.add(self.auth.credential)
        return frozenset(needed)

    def capabilities(self) -> Capabilities:
        """What a connector with these options can do."""
        batches = [rule.batch.max for rule in self.commands.values() if rule.batch is not None]
        return Capabilities(
            commands=frozenset(self.commands),
            repeatable=frozenset(name for name, rule in self.commands.items() if rule.repeatable),
            topics=frozenset(self.documents) - {"*"},
            questions=frozenset(self.questions),
            receives=bool(self.channels),
            polls=bool(self.polls),
            # what begins transactions comes before what may be about them
            consequences=dict.fromkeys(self.polls, 2),
            batch=max(batches, default=1),
        )
