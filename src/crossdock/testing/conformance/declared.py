"""Conformance: what a connector declares is true and complete, and nothing undeclared happens."""

from __future__ import annotations

import json
from inspect import getdoc

import pytest
from pydantic import BaseModel, ValidationError

from crossdock.connectors.protocol import Connector
from crossdock.core.commands import COMMANDS, Command
from crossdock.core.errors import CrossdockError
from crossdock.testing.bench import Bench
from crossdock.testing.kit import ConnectorKit
from crossdock.testing.samples import CommandSample


class DeclaredConformance(ConnectorKit):
    """Declaration, options and life of the connector."""

    def test_it_says_what_it_is(self) -> None:
        for name in ("kind", "title", "mapping_version"):
            assert getattr(self.connector, name), f"{self.connector.__name__}.{name} is empty"
        assert getdoc(self.connector), "the connector's class needs a docstring: it is shown to people"
        assert issubclass(self.connector.Options, BaseModel)
        with pytest.raises(ValidationError):
            self.connector.Options.model_validate({**self.options, "no_such_setting_exists": 1})
        json.dumps(self.connector.Options.model_json_schema())

    def test_every_declared_command_is_known_and_has_a_sample(self) -> None:
        declared = self.connector.capabilities
        assert declared.commands <= set(COMMANDS), "a command outside the catalogue of core.commands"
        assert declared.repeatable <= declared.commands, "repeatable must be a part of commands"
        assert {sample.name for sample in self.commands()} == declared.commands, "samples and declared commands differ"
        assert declared.batch >= 1

    def test_every_declared_topic_and_question_has_a_sample(self) -> None:
        declared = self.connector.capabilities
        assert {sample.topic for sample in self.messages()} >= declared.topics, "a declared topic without a message sample"
        assert {sample.name for sample in self.questions()} == declared.questions, "samples and declared questions differ"

    def test_every_declared_way_in_has_a_sample(self) -> None:
        declared = self.connector.capabilities
        assert bool(self.requests()) == declared.receives, "receives is declared without a request sample, or the reverse"
        assert bool(self.polls()) == declared.polls, "polls is declared without a poll sample, or the reverse"
        assert bool(self.snapshots()) == declared.snapshots, "snapshots is declared without a sample, or the reverse"

    def test_what_it_follows_is_declared(self) -> None:
        declared = self.connector.capabilities
        assert set(declared.follows) <= declared.commands, "follows names a command that is not declared"
        channels = {sample.channel for sample in self.polls()}
        assert set(declared.follows.values()) <= channels, "follows names a channel without a poll sample"

    async def test_following_is_pure_and_the_same_twice(self, bench: Bench, any_sample: CommandSample) -> None:
        if any_sample.name not in self.connector.capabilities.follows:
            pytest.skip(f"{any_sample.name} is not followed")
        command = await bench.command(any_sample, prepared=False)
        cursor = bench.connector.follow({}, command)
        kept = json.dumps(dict(cursor), sort_keys=True)
        again = bench.connector.follow(cursor, command)
        assert json.dumps(dict(again), sort_keys=True) == kept, "followed twice is followed once"
        assert json.dumps(dict(cursor), sort_keys=True) == kept, "follow changed the cursor it was given"

    async def test_it_has_every_method_of_the_protocol(self, bench: Bench) -> None:
        assert isinstance(bench.connector, Connector)

    async def test_an_unknown_command_is_refused_with_an_error_of_the_tree(self, bench: Bench) -> None:
        command = Command("cmd-unknown-1", "no.such.command", self.system, "order/shop/1", {"refs": {}})
        outcome = await bench.attempt(command)
        assert isinstance(outcome, CrossdockError)
        assert outcome.family in ("rejected", "misconfigured")

    async def test_closing_twice_is_harmless(self, bench: Bench) -> None:
        await bench.connector.close()
        await bench.connector.close()
