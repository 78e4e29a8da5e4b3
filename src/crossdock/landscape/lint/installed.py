"""Checks against what is installed: connectors with their options, credentials and abilities, workflows with their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from crossdock.core.commands import COMMANDS
from crossdock.landscape.catalogue import NotLoadable
from crossdock.landscape.document import Path
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.models import Flow, System
from crossdock.landscape.validation import known_keys


@check("unknown-connector")
def unknown_connector(view: View) -> Iterator[Finding]:
    """A system's `kind` is a connector that is not installed."""
    for name, system in view.systems.items():
        if system.kind not in view.catalogue.connectors():
            hint = did_you_mean(system.kind, view.catalogue.connectors())
            yield view.at("systems", name, ("kind",), f"no connector {system.kind!r} is installed", hint)


@check("connector-not-loadable")
def connector_not_loadable(view: View) -> Iterator[Finding]:
    """A connector is installed but cannot be imported."""
    for name, system in view.systems.items():
        if system.kind in view.catalogue.connectors():
            try:
                view.catalogue.connector(system.kind)
            except NotLoadable as error:
                yield view.at(
                    "systems", name, ("kind",), f"the connector cannot be loaded: {error}", "Repair or reinstall its package."
                )


def _connectors(view: View) -> Iterator[tuple[str, System, Any]]:
    """The systems whose connector can be loaded, with its class."""
    for name, system in view.systems.items():
        connector = view.connector(system.kind)
        if connector is not None:
            yield name, system, connector


def _able(system: System, connector: Any) -> Any:
    """What the connector can do for this system; of some kinds the options decide it."""
    try:
        return connector.capabilities_for(connector.Options.model_validate(dict(system.options)))
    except (AttributeError, ValidationError):
        return connector.capabilities


def _settings_findings(
    view: View, kind: str, name: str, block: str, model: type[BaseModel], values: Mapping[str, Any]
) -> Iterator[Finding]:
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            location: Path = (block, *each["loc"])
            message, hint = str(each["msg"]).removeprefix("Value error, "), ""
            if each["type"] == "extra_forbidden":
                message = f"{each['loc'][-1]!r} is no setting here"
                hint = did_you_mean(str(each["loc"][-1]), known_keys(model, tuple(each["loc"][:-1])))
            elif each["type"] == "missing":
                message = f"{each['loc'][-1]!r} is missing"
            place = ".".join(str(step) for step in location)
            yield view.at(kind, name, location, f"{place}: {message}", hint or "See the page of this connector or workflow.")


@check("bad-option")
def bad_option(view: View) -> Iterator[Finding]:
    """A system's `options` are not what its connector takes."""
    for name, system, connector in _connectors(view):
        yield from _settings_findings(view, "systems", name, "options", connector.Options, system.options)


@check("missing-credential")
def missing_credential(view: View) -> Iterator[Finding]:
    """The connector needs a credential the system's file does not refer to."""
    for name, system, connector in _connectors(view):
        try:
            needed = connector.credential_purposes(connector.Options.model_validate(dict(system.options)))
        except (AttributeError, ValidationError):
            continue
        for purpose in sorted(set(needed) - set(system.credentials)):
            bindings = view.serving(name).values()
            if bindings and all(purpose in each.credentials.get(name, {}) for each in bindings):
                continue
            hint = f"Add `credentials: {{{purpose}: env:NAME}}` or `file:`, `vault:`."
            yield view.at("systems", name, ("credentials",), f"the connector needs the credential {purpose!r}", hint)


@check("poll-not-possible")
def poll_not_possible(view: View) -> Iterator[Finding]:
    """A poll on a connector that cannot poll."""
    for name, system, connector in _connectors(view):
        if system.polls and not _able(system, connector).polls:
            yield view.at("systems", name, ("polls",), f"connector {system.kind!r} cannot poll", "Remove `polls`.")


@check("unknown-channel")
def unknown_channel(view: View) -> Iterator[Finding]:
    """A poll names a channel its connector does not have."""
    for name, system, connector in _connectors(view):
        try:
            known = connector.poll_channels(connector.Options.model_validate(dict(system.options)))
        except (AttributeError, ValidationError):
            continue
        for index, poll in enumerate(system.polls):
            if known is not None and poll.channel not in known:
                message = f"connector {system.kind!r} has no channel {poll.channel!r}"
                yield view.at("systems", name, ("polls", index, "channel"), message, did_you_mean(poll.channel, known))


@check("no-endpoint")
def no_endpoint(view: View) -> Iterator[Finding]:
    """A system the hub has to call has no endpoint, neither in its file nor in every environment."""
    for name, system, connector in _connectors(view):
        able = _able(system, connector)
        if getattr(connector, "inside", False):
            continue  # its other side are people at the hub's own pages
        if system.endpoint or not (able.commands or able.polls or able.questions or able.snapshots):
            continue
        if not (system.polls or view.called(name)):
            continue
        lacking = [each for each, bound in view.serving(name).items() if not bound.endpoints.get(name)]
        if lacking or not view.environments:
            where = f" in environment {', '.join(sorted(lacking))}" if lacking else ""
            yield view.at(
                "systems",
                name,
                ("endpoint",),
                f"the system has no endpoint{where}",
                "Add `endpoint:` here or in the environment.",
            )


@check("source-cannot-send")
def source_cannot_send(view: View) -> Iterator[Finding]:
    """A system that is to start a flow has a connector that neither receives nor polls."""
    able = {name: _able(system, connector) for name, system, connector in _connectors(view)}
    for name, flow in view.flows.items():
        for index, source in enumerate(flow.trigger.sources):
            if source in able and not (able[source].receives or able[source].polls or able[source].snapshots):
                message = f"{source}'s connector neither receives nor polls, so it never starts this flow"
                yield view.at("flows", name, ("trigger", "sources", index), message, "Choose another source.")


@check("question-not-possible")
def question_not_possible(view: View) -> Iterator[Finding]:
    """A direct question goes to a system whose connector does not answer it."""
    for name, flow in view.flows.items():
        system = view.systems.get(flow.roles.get(flow.direct.to, "")) if flow.direct else None
        connector = view.connector(system.kind) if system else None
        if flow.direct and system and connector is not None and flow.direct.question not in _able(system, connector).questions:
            known = _able(system, connector).questions
            message = f"{system.name} ({system.kind}) does not answer {flow.direct.question!r}"
            yield view.at("flows", name, ("direct", "question"), message, did_you_mean(flow.direct.question, known))


@check("unknown-workflow")
def unknown_workflow(view: View) -> Iterator[Finding]:
    """A flow's workflow is not installed."""
    known = view.catalogue.processes()
    for name, flow in view.flows.items():
        if flow.workflow is not None and flow.workflow not in known:
            yield view.at(
                "flows", name, ("workflow",), f"no workflow {flow.workflow!r} is installed", did_you_mean(flow.workflow, known)
            )


@check("workflow-not-loadable")
def workflow_not_loadable(view: View) -> Iterator[Finding]:
    """A workflow is installed but cannot be imported."""
    for name, flow in view.flows.items():
        if flow.workflow in view.catalogue.processes():
            try:
                view.catalogue.process(flow.workflow or "")
            except NotLoadable as error:
                yield view.at(
                    "flows", name, ("workflow",), f"the workflow cannot be loaded: {error}", "Repair or reinstall its package."
                )


def _processes(view: View) -> Iterator[tuple[str, Flow, Any]]:
    for name, flow in view.flows.items():
        process = view.process(flow.workflow)
        if process is not None:
            yield name, flow, process


@check("bad-setting")
def bad_setting(view: View) -> Iterator[Finding]:
    """A flow's `settings` are not what its workflow takes."""
    for name, flow, process in _processes(view):
        model = getattr(process, "Settings", None)
        if model is not None:
            yield from _settings_findings(view, "flows", name, "settings", model, flow.settings)


@check("event-not-taken")
def event_not_taken(view: View) -> Iterator[Finding]:
    """A trigger names an event its workflow does not listen to, or none that can start it."""
    for name, flow, process in _processes(view):
        accepts, triggers = frozenset(process.accepts), frozenset(process.triggers)
        for index, event in enumerate(flow.trigger.events):
            if event not in accepts | triggers:
                message = f"workflow {flow.workflow!r} does not listen to {event}"
                yield view.at("flows", name, ("trigger", "events", index), message, did_you_mean(event, accepts | triggers))
        if flow.trigger.events and not triggers & set(flow.trigger.events):
            message = f"none of these events can start workflow {flow.workflow!r}"
            yield view.at("flows", name, ("trigger", "events"), message, f"It is started by: {', '.join(sorted(triggers))}.")


@check("command-not-possible")
def command_not_possible(view: View) -> Iterator[Finding]:
    """A role is filled by a system whose connector cannot carry out what the workflow will ask of it."""
    for name, flow, process in _processes(view):
        for role, commands in view.required(flow, process).items():
            system = view.systems.get(flow.roles.get(role, role))
            connector = view.connector(system.kind) if system else None
            for command in sorted(commands):
                if command not in COMMANDS:
                    yield view.at(
                        "flows", name, ("settings",), f"there is no command {command!r}", did_you_mean(command, COMMANDS)
                    )
                elif system and connector is not None and command not in _able(system, connector).commands:
                    message = f"{system.name} ({system.kind}) cannot carry out {command!r}"
                    hint = "Its connector can: " + (", ".join(sorted(_able(system, connector).commands)) or "nothing") + "."
                    yield view.at("flows", name, ("roles", role), message, hint)


@check("missing-role")
def missing_role(view: View) -> Iterator[Finding]:
    """The workflow needs a role the flow does not fill."""
    for name, flow, process in _processes(view):
        for role in view.required(flow, process):
            filled = (
                role in flow.roles or role in view.names("systems") or any(each.startswith(f"{role}:") for each in flow.roles)
            )
            if not filled:
                yield view.at(
                    "flows",
                    name,
                    ("roles",),
                    f"workflow {flow.workflow!r} needs the role {role!r}",
                    f"Add `{role}: <system>` to `roles`.",
                )
