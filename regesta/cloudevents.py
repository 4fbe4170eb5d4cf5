"""Events as CloudEvents 1.0, in JSON for the feed and in binary mode for Kafka: the forms in which they leave a service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, JsonValue

from regesta.event import Recorded, Registry
from regesta.seal import Seal

MEDIA_TYPE = "application/cloudevents-batch+json"
# Batches one after the other, each a line of JSON that says where it ends, of which log.
FOLLOWED = "application/x-ndjson"
PREFIX = "/regesta/"
# The members that are read back, and their types.
REQUIRED: Final = {
    **dict.fromkeys(("id", "source", "type", "subject", "time", "actor", "log"), str), "sequence": int, "data": dict
}  # fmt: skip
OPTIONAL: Final = ("occurred", "cause", "correlation", "traceparent")
# Of the binary mode in Kafka: the headers that are read back. Those that an event need not have are in the order of its members.
REQUIRED_HEADERS: Final = (
    "ce_source",
    "ce_id",
    "ce_sequence",
    "ce_subject",
    "ce_time",
    "ce_type",
    "ce_log",
    "ce_actor",
)
OPTIONAL_HEADERS: Final = tuple(f"ce_{name}" for name in OPTIONAL)
SEALED_HEADERS: Final = REQUIRED_HEADERS + OPTIONAL_HEADERS
# Not one of CloudEvents': it is of the record, and says nothing of the event.
SEAL_HEADER: Final = "seal"
CONTENT_TYPE: Final = "application/json"
CONTENT_HEADER: Final = ("content-type", CONTENT_TYPE.encode())
# What the columns of a log can hold.
LAST_POSITION: Final = 2**63 - 1
LAST_VERSION: Final = 2**31 - 1


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
    return orjson.dumps(members_of(event))


def digest(event: Recorded) -> str:
    """Return what identifies an event with its whole content, in hexadecimal.

    The id of its log is no part of it: a log that got a new id still has the events from before.
    """
    return hashlib.sha256(encode(event._replace(log=""))).hexdigest()[:32]


def encode_batch(events: Iterable[Recorded]) -> bytes:
    """Return events as a JSON array of CloudEvents."""
    return orjson.dumps([members_of(event) for event in events])


def members_of(event: Recorded) -> dict[str, object]:
    """Return the members of a CloudEvent, its data as the JSON text that was recorded."""
    members: dict[str, object] = {
        "specversion": "1.0",
        "id": str(event.position),
        "source": PREFIX + event.source,
        "type": event.type,
        "subject": event.stream,
        "time": _told(event.time),
        "datacontenttype": CONTENT_TYPE,
        "sequence": event.version,
        "actor": event.actor,
        "log": event.log,
    }
    for name in OPTIONAL:
        if (value := getattr(event, name)) is not None:
            members[name] = value
    members["data"] = orjson.Fragment(event.raw)
    return members


def encode_binary(event: Recorded, seal: Seal) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return the value and the headers of one event in CloudEvents' binary mode of Kafka; its key is the stream.

    All that is read back is sealed, in the order of REQUIRED_HEADERS and OPTIONAL_HEADERS, then the value.

    By hand, as decode_binary: the relay and each intake do it for every event.
    """
    source, position, stream, version, time, kind, raw, log, _, actor, *optional = event
    specversion, of_source, of_log = _fixed_headers(source, log)
    value, texts = raw.encode(), [b"" if each is None else each.encode() for each in optional]
    of_id, of_sequence, of_subject = b"%d" % position, b"%d" % version, stream.encode()
    of_time, of_type, of_actor = _told(time).encode(), kind.encode(), actor.encode()
    parts = (of_source[1], of_id, of_sequence, of_subject, of_time, of_type, of_log[1], of_actor, *texts, value)
    headers = [
        specversion,
        ("ce_id", of_id),
        of_source,
        ("ce_type", of_type),
        ("ce_subject", of_subject),
        ("ce_time", of_time),
        ("ce_sequence", of_sequence),
        ("ce_actor", of_actor),
        of_log,
        *[(name, text) for name, text in zip(OPTIONAL_HEADERS, texts, strict=True) if text],
        CONTENT_HEADER,
        (SEAL_HEADER, seal.of(parts)),
    ]
    return value, headers


@lru_cache(maxsize=64)
def _fixed_headers(source: str, log: str) -> tuple[tuple[str, bytes], ...]:
    """Return the headers that all events of a log have."""
    return ("ce_specversion", b"1.0"), ("ce_source", (PREFIX + source).encode()), ("ce_log", log.encode())


def decode_binary(
    headers: Iterable[tuple[str, bytes]], value: bytes | None, registry: Registry, seal: Seal
) -> Recorded:
    """Return the event of one record. Raises ValueError when it is none of ours, or none that a log can hold.

    Anybody who may write into a topic can put anything there, but no true seal on it.
    """
    said = dict(headers)
    parts = [said.get(name) or b"" for name in SEALED_HEADERS]
    if not seal.is_on([*parts, value or b""], said.get(SEAL_HEADER)):
        raise ValueError("the record has no true seal")
    texts = [content.decode() for content in parts[: len(REQUIRED_HEADERS)] if content]
    optional = [content.decode() if content else None for content in parts[len(REQUIRED_HEADERS) :]]
    if len(texts) < len(REQUIRED_HEADERS):
        raise ValueError(f"no event of this system: {said!r:.200}")
    if "\0" in "".join(texts) or "\0" in "".join(filter(None, optional)):
        raise ValueError("NUL cannot be stored")
    source, position, version, stream, time, kind, log, actor = texts
    data = orjson.loads(value or b"")
    if type(data) is not dict:
        raise ValueError(f"no event of this system: {data!r:.200}")
    event = Recorded(
        _source_of(source), int(position), stream, int(version), _utc(time), kind, orjson.dumps(data).decode(),
        _log_of(log), registry, actor, *optional,
    )  # fmt: skip
    if not (0 < event.position <= LAST_POSITION and 0 < event.version <= LAST_VERSION):
        raise ValueError(f"no position and version of a log: {event.position}, {event.version}")
    return event


def decode_batch(content: bytes, registry: Registry) -> list[Recorded]:
    """Return the events of a JSON array of CloudEvents. Raises ValueError when it is none of ours."""
    return decode_all(orjson.loads(content), registry)


def decode_all(document: object, registry: Registry) -> list[Recorded]:
    """Return the events of a list of CloudEvents. Raises ValueError when it is none of ours."""
    if not isinstance(document, list):
        raise ValueError(f"a batch is an array, not {type(document).__name__}")  # noqa: TRY004 - the content is wrong
    return [decode(members, registry) for members in document]


def decode(members: dict[str, Any], registry: Registry) -> Recorded:
    """Return the event of one CloudEvent. Raises ValueError when it is none of ours.

    By hand: a model of pydantic takes three times as long, and a replica is taken in event by event.
    """
    wrong = [name for name, kind in REQUIRED.items() if type(members.get(name)) is not kind]
    wrong += [name for name in OPTIONAL if members.get(name) is not None and type(members[name]) is not str]
    if wrong:
        raise ValueError(f"no event of this system: {', '.join(wrong)} of {members!r:.200}")
    return Recorded(
        _source_of(members["source"]), int(members["id"]), members["subject"], members["sequence"], _utc(members["time"]),
        members["type"], orjson.dumps(members["data"]).decode(), members["log"], registry, members["actor"],
        *map(members.get, OPTIONAL),
    )  # fmt: skip


# A log is of one source, and has one id: they are looked at once.
@lru_cache(maxsize=64)
def _source_of(text: str) -> str:
    """Return the service whose log is told so. Raises ValueError when it is none."""
    source = text[len(PREFIX) :]
    if not text.startswith(PREFIX) or "/" in source or not source:
        raise ValueError(f"{text!r} is no log of this system")
    return source


@lru_cache(maxsize=64)
def _log_of(text: str) -> str:
    """Return the id of a log. Raises ValueError when it is none."""
    UUID(text)
    return text


def _told(time: datetime) -> str:
    """Return a time as it leaves a service."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def _utc(text: str) -> datetime:
    """Return when an event was recorded, in UTC. Raises ValueError for what is no time, has no zone, or is no day in UTC."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:  # within a day of the years 1 and 9999
        raise ValueError(f"{text!r} is not within the years 1 to 9999 in UTC") from error
