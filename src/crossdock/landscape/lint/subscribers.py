"""Checks of subscribers: names that lead somewhere, flows that publish, addresses, credentials, and what they may see."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.models.subscriber import WAYS
from crossdock.landscape.subscriptions import PUBLICATION


@check("subscriber-is-system", structural=True)
def subscriber_is_system(view: View) -> Iterator[Finding]:
    """A subscriber has the name of a system, so that nobody could say which of both a delivery is for."""
    for name in view.names("subscribers") & view.names("systems"):
        yield view.draft.document("subscribers", name).finding(
            "", f"there is a system {name!r} too", "Give the subscriber another name.", path=("name",)
        )


@check("dangling-subscription", structural=True)
def dangling_subscription(view: View) -> Iterator[Finding]:
    """A subscriber names a flow, partner, system or team that is not there."""
    for name, each in view.subscribers.items():
        for index, flow in enumerate(each.flows):
            if flow not in view.names("flows"):
                yield view.missing("subscribers", name, ("flows", index), "flow", flow, view.names("flows"))
        for part in ("sources", "systems"):
            for index, system in enumerate(getattr(each, part)):
                if system not in view.names("systems"):
                    yield view.missing("subscribers", name, (part, index), "system", system, view.names("systems"))
        if each.partner is not None and each.partner not in view.names("partners"):
            yield view.missing("subscribers", name, ("partner",), "partner", each.partner, view.names("partners"))
        if each.owner is not None and each.owner not in view.hub.teams:
            yield view.missing("subscribers", name, ("owner",), "team", each.owner, view.hub.teams)


@check("subscription-not-published")
def subscription_not_published(view: View) -> Iterator[Finding]:
    """A subscriber listens to a flow that publishes nothing, or to events its flows do not take."""
    for name, each in view.subscribers.items():
        taken: set[str] = set()
        for index, flow_name in enumerate(each.flows):
            flow = view.flows.get(flow_name)
            if flow is None:
                continue
            taken |= set(flow.trigger.events)
            if flow.pattern != "published":
                message = f"flow {flow_name!r} is {flow.pattern} and publishes nothing"
                yield view.at("subscribers", name, ("flows", index), message, "Name a flow of `pattern: published`.")
        for index, event in enumerate(each.events):
            if event not in EVENT_PAYLOADS:
                yield view.missing("subscribers", name, ("events", index), "event type", event, EVENT_PAYLOADS)
            elif taken and event not in taken:
                message = f"none of its flows publishes {event}"
                yield view.at("subscribers", name, ("events", index), message, did_you_mean(event, taken))


@check("published-mismatch")
def published_mismatch(view: View) -> Iterator[Finding]:
    """Pattern `published` and workflow `publication` belong together, and who is told stands in `subscribers/`."""
    for name, flow in view.flows.items():
        if flow.workflow == PUBLICATION and flow.pattern != "published":
            yield view.at(
                "flows",
                name,
                ("pattern",),
                f"workflow {PUBLICATION!r} in a flow of pattern {flow.pattern!r}",
                "Write `pattern: published`.",
            )
        elif flow.workflow == PUBLICATION and flow.settings.get("subscribers"):
            yield view.at(
                "flows", name, ("settings", "subscribers"), "subscribers stand in the flow", "Move them to `subscribers/*.yaml`."
            )


@check("flow-without-subscriber", "warning")
def flow_without_subscriber(view: View) -> Iterator[Finding]:
    """A published flow that nobody listens to."""
    heard = {flow for each in view.subscribers.values() for flow in each.flows}
    if view.names("subscribers") - set(view.subscribers):
        return
    for name, flow in view.flows.items():
        if flow.workflow == PUBLICATION and name not in heard:
            yield view.at(
                "flows", name, ("name",), "nobody listens to this flow", "Add a file to `subscribers/`, or remove the flow."
            )


@check("subscriber-unreachable")
def subscriber_unreachable(view: View) -> Iterator[Finding]:
    """A subscriber without an address, without the credential its way needs, or with options its connector does not take."""
    for name, each in view.subscribers.items():
        lacking = [env for env, bound in view.serving(name).items() if not bound.endpoints.get(name)]
        if not each.endpoint and (lacking or not view.environments):
            yield view.at(
                "subscribers",
                name,
                ("endpoint",),
                "the subscriber has no endpoint",
                "Add `endpoint:` here or in the environment.",
            )
        connector = view.connector(WAYS[each.by])
        if connector is None:
            continue
        try:
            options = connector.Options.model_validate(each.options)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                yield view.at("subscribers", name, ("options", *problem["loc"]), str(problem["msg"]), "See the connector's page.")
            continue
        for purpose in sorted(connector.credential_purposes(options) - set(each.credentials)):
            bindings = view.serving(name).values()
            if bindings and all(purpose in bound.credentials.get(name, {}) for bound in bindings):
                continue
            hint = f"Add `credentials: {{{purpose}: env:NAME}}` or `file:`, `vault:`."
            yield view.at("subscribers", name, ("credentials",), f"the subscriber needs the credential {purpose!r}", hint)


@check("subscriber-sees-too-much")
def subscriber_sees_too_much(view: View) -> Iterator[Finding]:
    """A subscriber is to be given data classes that do not exist, or that its partner may not see."""
    for name, each in view.subscribers.items():
        partner = view.partners.get(each.partner) if each.partner else None
        for index, data_class in enumerate(each.may_see or ()):
            if data_class not in view.policies.data_classes:
                yield view.missing("subscribers", name, ("may_see", index), "data class", data_class, view.policies.data_classes)
            elif partner is not None and data_class not in partner.may_see:
                message = f"partner {each.partner!r} may not see {data_class!r}"
                yield view.at("subscribers", name, ("may_see", index), message, "Agree it in the partner's file first.")
        if partner is not None:
            for index, system in enumerate(each.systems):
                if system not in partner.systems:
                    message = f"{system} is no system of partner {each.partner!r}"
                    yield view.at("subscribers", name, ("systems", index), message, did_you_mean(system, partner.systems))
