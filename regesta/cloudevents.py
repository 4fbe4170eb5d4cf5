"""Events as CloudEvents 1.0 in JSON: the form in which they leave a service."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from pydantic import BaseModel, ConfigDict, JsonValue

from regesta.event import Recorded, Registry

MEDIA_TYPE = "application/cloudevents-batch+json"
OPTIONAL = ("occurred", "cause", "correlation", "traceparent")


class CloudEvent(BaseModel):
    """One event on the wire. id: its position; subject: its stream; sequence: its version in the stream."""

    model_config = ConfigDict(extra="ignore")

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    sequence: int
    actor: str
    log: str
    occurred: str | None = None
    cause: str | None = None
    correlation: str | None = None
    traceparent: str | None = None
    data: dict[str, JsonValue]


def encode(event: Recorded) -> bytes:
    """Return one event as a CloudEvent; the same event always gives the same bytes."""
    members: dict[str, object] = {
        "specversion": "1.0",
        "id": str(event.position),
        "source": f"/regesta/{event.source}",
        "type": event.type,
        "subject": event.stream,
        "time": event.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "datacontenttype": "application/json",
        "sequence": event.version,
        "actor": event.actor,
        "log": event.log,
    }
    members |= {name: value for name in OPTIONAL if (value := getattr(event, name)) is not None}
    return orjson.dumps(members | {"data": orjson.Fragment(event.raw)})


def encode_batch(events: list[Recorded]) -> bytes:
    """Return events as a JSON array of CloudEvents."""
    return b"[" + b",".join(encode(event) for event in events) + b"]"


def decode_batch(content: bytes, registry: Registry) -> list[Recorded]:
    """Return the events of a JSON array of CloudEvents. Raises ValueError, also pydantic's, when it is none of ours."""
    document = orjson.loads(content)
    if not isinstance(document, list):
        raise ValueError(f"a batch is an array, not {type(document).__name__}")  # noqa: TRY004 - the content is wrong
    return [decode(members, registry) for members in document]


def decode(members: dict[str, JsonValue], registry: Registry) -> Recorded:
    """Return the event of one CloudEvent. Raises pydantic.ValidationError or ValueError when it is none of ours."""
    event = CloudEvent.model_validate(members)
    prefix, _, source = event.source.rpartition("/")
    if prefix != "/regesta" or not source:
        raise ValueError(f"{event.source!r} is no log of this system")
    return Recorded(
        source, int(event.id), event.subject, event.sequence, event.time, event.type,
        orjson.dumps(members["data"]).decode(), event.log, registry, event.actor,
        event.occurred, event.cause, event.correlation, event.traceparent,
    )  # fmt: skip
