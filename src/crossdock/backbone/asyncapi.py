"""The AsyncAPI 3.0 document of a landscape: what is published to whom by which way, and what systems may publish into the hub.

Source: AsyncAPI 3.0.0; `send` and `receive` are said from the hub's point of view ("Operation Object").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from crossdock import __version__
from crossdock.backbone.schemas import whole_schema
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import Subscriber, System

SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"
INBOUND: Final = frozenset({"event_webhook", "event_topic"})
"""Connectors by which systems publish into the hub."""


def asyncapi(landscape: Landscape, url: str = "https://hub.example") -> dict[str, Any]:
    """The document; `url` is where the hub is reached. Channels and messages are sorted by name, so that two runs give the same text."""
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{landscape.name}: events",
            "version": landscape.bundle_id[:16],
            "description": f"Events of {landscape.company} as CloudEvents 1.0, written by crossdock {__version__} from the landscape.",
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {"hub": _server(url, "The hub: systems publish here.")},
        "channels": {},
        "operations": {},
        "components": {"messages": {}, "securitySchemes": {"standardWebhooks": _signature(), "sasl": {"type": "scramSha512"}}},
    }
    used: set[str] = set()
    for name, each in sorted(landscape.subscribers.items()):
        if each.enabled:
            used |= _told(document, landscape, name, each)
    for name, system in sorted(landscape.systems.items()):
        if system.kind in INBOUND and name not in landscape.subscribers:
            used |= _taken(document, landscape, name, system)
    document["components"]["messages"] = {_key(event): _message(event) for event in sorted(used)}
    return document


def events_told(landscape: Landscape, each: Subscriber) -> list[str]:
    """The event types a subscriber is told."""
    taken = {event for flow in each.flows if flow in landscape.flows for event in landscape.flows[flow].trigger.events}
    return sorted(event for event in taken if event in EVENT_PAYLOADS and (not each.events or event in each.events))


def _told(document: dict[str, Any], landscape: Landscape, name: str, each: Subscriber) -> set[str]:
    events = events_told(landscape, each)
    title = each.title or name
    endpoint = landscape.systems[name].endpoint or "https://subscriber.example"
    document["servers"][name] = _server(
        endpoint, f"{title}: events are told here.", kafka=each.by == "kafka", options=each.options
    )
    if each.by == "kafka":
        topic = str(each.options.get("topic", "crossdock.{event}"))
        for event in events:
            _add(
                document,
                f"{name}.{event}",
                topic.replace("{event}", event),
                name,
                [event],
                "send",
                f"{event} is told to {title}.",
            )
    elif events:
        _add(document, name, urlsplit(endpoint).path or "/", name, events, "send", f"Events are told to {title} by signed calls.")
    return set(events)


def _taken(document: dict[str, Any], landscape: Landscape, name: str, system: System) -> set[str]:
    originates = landscape.ownership_file.events
    mine = [
        event
        for event, who in sorted(originates.items())
        if event in EVENT_PAYLOADS and ({name, "*"} & {*who.originates, *who.enriches, *who.validates, *who.finalizes})
    ]
    if not mine:
        return set()
    title = system.title or name
    if system.kind == "event_webhook":
        _add(
            document,
            f"in.{name}",
            f"/in/{name}/events",
            "hub",
            mine,
            "receive",
            f"{title} publishes into the hub by signed calls.",
        )
        return set(mine)
    document["servers"][name] = _server(system.endpoint, f"{title}: the hub reads here.", kafka=True, options=system.options)
    for poll in system.polls:
        _add(document, f"in.{name}.{poll.channel}", poll.channel, name, mine, "receive", f"The hub reads what {title} publishes.")
    return set(mine) if system.polls else set()


def _add(
    document: dict[str, Any], channel: str, address: str, server: str, events: Iterable[str], action: str, summary: str
) -> None:
    channel = channel.replace("_", "-")
    names = [_key(event) for event in events]
    document["channels"][channel] = {
        "address": address,
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }
    document["operations"][f"{action}-{channel}"] = {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }


def _server(endpoint: str, description: str, *, kafka: bool = False, options: Any = None) -> dict[str, Any]:
    parts = urlsplit(endpoint or ("kafka://broker.example:9092" if kafka else "https://hub.example"))
    if kafka:
        secure = str((options or {}).get("security", "plaintext"))
        made: dict[str, Any] = {
            "host": parts.netloc or "broker.example:9092",
            "protocol": "kafka-secure" if "ssl" in secure else "kafka",
        }
        if secure.startswith("sasl"):
            made["security"] = [{"$ref": "#/components/securitySchemes/sasl"}]
        return {**made, "description": description}
    return {
        "host": parts.netloc,
        "protocol": parts.scheme,
        "description": description,
        "security": [{"$ref": "#/components/securitySchemes/standardWebhooks"}],
    }


def _signature() -> dict[str, Any]:
    return {
        "type": "httpApiKey",
        "name": "webhook-signature",
        "in": "header",
        "description": "Standard Webhooks: HMAC-SHA256 over `webhook-id`.`webhook-timestamp`.body with the shared secret.",
    }


def _key(event: str) -> str:
    return event.replace(".", "-")


def _message(event: str) -> dict[str, Any]:
    kind = EVENT_PAYLOADS[event]
    return {
        "name": event,
        "title": event,
        "summary": (kind.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/cloudevents+json",
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": whole_schema(event)},
    }
