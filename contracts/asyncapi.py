"""The AsyncAPI 3 document of a service: its log on a topic and as an HTTP feed, with a message for each event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from contracts.schema import Schema, shared_schemas
from regesta.event import EVENT_NAME, Event

COMPONENTS: Final = "#/components/schemas/"
NAME_OF_EVENT: Final[Schema] = {"type": "string", "pattern": EVENT_NAME.pattern}
# CloudEvents 1.0: its required attributes, then our extensions.
ATTRIBUTES: Final[Schema] = {
    "specversion": {"const": "1.0"},
    "id": {
        "type": "string",
        "pattern": "^[1-9][0-9]*$",
        "description": "Position in the log: 1, 2, 3 ... without gaps.",
    },
    "subject": {
        "type": "string",
        "description": "The stream, such as commitment/0193a5c0-7b1e-7000-8000-000000000009.",
    },
    "time": {"type": "string", "format": "date-time", "description": "When it was recorded (UTC); never goes back."},
    "datacontenttype": {"const": "application/json"},
    "sequence": {"type": "integer", "minimum": 1, "description": "Version in the stream: 1, 2, 3 ... without gaps."},
    "actor": {"type": "string", "description": "Subject of the token that it was recorded with."},
    "log": {"type": "string", "description": "Id of the log; another one after a restore that lost events."},
    "occurred": {"type": "string", "description": "When it happened in the world, as EDTF."},
    "cause": NAME_OF_EVENT | {"description": "The event that it reacts to."},
    "correlation": NAME_OF_EVENT | {"description": "The event that all of this began with."},
    "traceparent": {"type": "string", "description": "W3C trace context."},
}
OPTIONAL: Final = frozenset({"occurred", "cause", "correlation", "traceparent"})
SEAL: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9a-f]{32}$",
    "description": "Of the record, by the key that GET .../events/seal tells: it shows that the service has published it.",
}
FEED_QUERY: Final[Schema] = {
    "type": "object",
    "properties": {
        "lastEventId": {"type": "integer", "minimum": 0, "description": "The last position that the reader has."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 5000},
        "timeout": {"type": "integer", "minimum": 0, "maximum": 30000, "description": "Long poll, milliseconds."},
        "type": {"type": "string", "description": "Only the events of this type."},
    },
}


def document(service: str, events: Sequence[type[Event]]) -> Schema:
    """Return the AsyncAPI 3 document of a service that records these events."""
    messages: Schema = {event.name: _message(event) for event in events}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Regesta: {service}",
            "version": "1.0.0",
            "description": (
                f"The log of the {service} service. Types and members are added, never renamed or removed; a new meaning "
                "is a new type (.v2). Readers skip unknown types and ignore unknown members."
            ),
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "channels": _channels(service, events),
        "operations": {
            "publish": {"action": "send", "channel": {"$ref": "#/channels/topic"}},
            "serve": {"action": "send", "channel": {"$ref": "#/channels/feed"}, "bindings": {"http": _get()}},
        },
        "components": {
            "messages": messages | {"batch": _batch()},
            "schemas": _schemas(service, events),
        },
    }


def _channels(service: str, events: Sequence[type[Event]]) -> Schema:
    topic = f"regesta.{service}.v1"
    messages: Schema = {event.name: {"$ref": f"#/components/messages/{event.name}"} for event in events}
    return {
        "topic": {
            "address": topic,
            "description": "The whole log in its order: one partition, kept for ever. CloudEvents in binary mode.",
            "messages": messages,
            "bindings": {"kafka": {"topic": topic, "partitions": 1, "bindingVersion": "0.5.0"}},
        },
        "feed": {
            "address": f"/{service}/v1/events",
            "description": "The same log as an HTTP feed (http-feeds.org), oldest first, with long polling.",
            "messages": {"batch": {"$ref": "#/components/messages/batch"}},
        },
    }


def _get() -> Schema:
    return {"method": "GET", "query": FEED_QUERY, "bindingVersion": "0.3.0"}


def _message(event: type[Event]) -> Schema:
    """Return an event as it stands on the topic: the envelope in the headers, the data as payload."""
    required: list[JsonValue] = ["ce_id", "ce_source", "ce_type"]
    return {
        "name": event.name,
        "title": event.__name__,
        "summary": (event.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": f"{COMPONENTS}TopicHeaders"},
                {"type": "object", "properties": {"ce_type": {"const": event.name}}, "required": required},
            ]
        },
        "payload": {"$ref": f"{COMPONENTS}{event.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The stream."}, "bindingVersion": "0.5.0"}},
    }


def _batch() -> Schema:
    return {
        "name": "batch",
        "title": "Batch of events",
        "contentType": "application/cloudevents-batch+json",
        "payload": {"type": "array", "items": {"$ref": f"{COMPONENTS}CloudEvent"}},
    }


def _schemas(service: str, events: Sequence[type[Event]]) -> Schema:
    return {
        **shared_schemas(events, f"{COMPONENTS}{{model}}"),
        "TopicHeaders": _envelope(service, "ce_"),
        "Envelope": _envelope(service, ""),
        "CloudEvent": {
            "allOf": [{"$ref": f"{COMPONENTS}Envelope"}, {"oneOf": [_as_structured(event) for event in events]}],
        },
    }


def _envelope(service: str, prefix: str) -> Schema:
    attributes: Schema = {"source": {"const": f"/regesta/{service}"}, "type": {"type": "string"}, **ATTRIBUTES}
    if prefix:
        del attributes["datacontenttype"]  # binary mode has it as the content type of the message
    required: list[JsonValue] = [f"{prefix}{name}" for name in attributes if name not in OPTIONAL]
    named: Schema = {f"{prefix}{name}": schema for name, schema in attributes.items()}
    if prefix:
        named["seal"] = SEAL
        required.append("seal")
    return {"type": "object", "properties": named, "required": required}


def _as_structured(event: type[Event]) -> Schema:
    data: Schema = {"$ref": f"{COMPONENTS}{event.__name__}"}
    return {
        "type": "object",
        "properties": {"type": {"const": event.name}, "data": data},
        "required": ["type", "data"],
    }
