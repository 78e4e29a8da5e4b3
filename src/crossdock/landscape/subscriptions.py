"""Subscribers as the running hub knows them: a system each, and for every published flow what is told to whom; reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.landscape.models import Flow, Partner, Subscriber, System
from crossdock.landscape.models.flow import RetryBudget

PUBLICATION = "publication"
"""The workflow of flows of pattern `published`."""


def systems_of(subscribers: Mapping[str, Subscriber]) -> dict[str, System]:
    """Every subscriber as a system, by name; what it is given of a document is decided as for every system."""
    return {name: each.system() for name, each in subscribers.items()}


def budget_name(subscriber: str) -> str:
    """The name of a subscriber's own budget among those of a flow."""
    return f"to-{subscriber}"[:63]


def published(flow: Flow, subscribers: Mapping[str, Subscriber], partners: Mapping[str, Partner]) -> Flow:
    """A published flow with its subscriptions in its settings and their budgets among its own; other flows as they are."""
    if flow.workflow != PUBLICATION:
        return flow
    listening = [each for each in subscribers.values() if each.enabled and flow.name in each.flows]
    budgets: dict[str, RetryBudget] = {budget_name(each.name): each.budget for each in listening if each.budget is not None}
    told = [subscription(each, partners) for each in listening]
    return flow.model_copy(update={"settings": {**flow.settings, "subscribers": told}, "budgets": {**flow.budgets, **budgets}})


def subscription(each: Subscriber, partners: Mapping[str, Partner]) -> dict[str, Any]:
    """What `processes.publication` needs to know of a subscriber, in JSON values."""
    partner = partners.get(each.partner) if each.partner else None
    told = {
        "to": each.name,
        "events": list(each.events),
        "sources": list(each.sources),
        "budget": budget_name(each.name) if each.budget is not None else "",
    }
    if each.systems or each.partner:
        # a partner without systems is told nothing rather than everything
        allowed = set(partner.systems) if partner is not None else set()
        told["systems"] = sorted(set(each.systems) & allowed if each.systems and each.partner else each.systems or allowed)
    return told
