"""An event on the wire is a CloudEvent, and comes back as the event it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from inspect import signature
from typing import TypeAlias

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from regesta.cloudevents import (
    OPTIONAL,
    SEALED_HEADERS,
    decode_batch,
    decode_binary,
    encode,
    encode_batch,
    encode_binary,
)
from regesta.event import Recorded
from regesta.seal import Seal
from regesta.unit import Meta, meta_text
from tests.regesta.jars import REGISTRY, JarFilled
from tests.regesta.seals import KEY, SEAL

PLAIN = Recorded(
    "jars", 12, "jar/a", 3, datetime(2024, 2, 29, 11, 30, 0, 7, UTC), "jar-filled.v1",
    '{"ref":"é","amount":5,"later":[1.5,null]}', "log-1", REGISTRY, "officer",
)  # fmt: skip
FULL = PLAIN._replace(
    occurred="2024-02", cause="shelves:4", correlation="shelves:1", traceparent=f"00-{'1' * 32}-{'2' * 16}-01"
)


def test_an_event_has_the_members_of_its_form() -> None:
    assert json.loads(encode(FULL)) == {
        "specversion": "1.0", "id": "12", "source": "/regesta/jars", "type": "jar-filled.v1", "subject": "jar/a",
        "time": "2024-02-29T11:30:00.000007Z", "datacontenttype": "application/json", "sequence": 3, "actor": "officer",
        "log": "log-1", "occurred": "2024-02", "cause": "shelves:4", "correlation": "shelves:1",
        "traceparent": FULL.traceparent, "data": {"ref": "é", "amount": 5, "later": [1.5, None]},
    }  # fmt: skip
    assert not {"occurred", "cause", "correlation", "traceparent"} & set(json.loads(encode(PLAIN)))


def test_what_the_caller_knows_of_an_event_has_one_order_everywhere() -> None:
    """It is passed on by place, for every event that is taken in."""
    members = ("actor", *OPTIONAL)
    assert Recorded._fields[9:] == members
    assert tuple(signature(meta_text).parameters) == members
    assert tuple(field.name for field in fields(Meta)) == members


def test_a_batch_comes_back_as_it_was() -> None:
    unknown = FULL._replace(position=13, type="jar-sold.v1", raw='{"price":1}')
    back = decode_batch(encode_batch([PLAIN, FULL, unknown]), REGISTRY)
    assert back == [PLAIN, FULL, unknown]
    assert isinstance(back[0].event, JarFilled)
    assert back[2].event is None
    assert decode_batch(encode_batch([]), REGISTRY) == []


def test_a_moment_is_told_in_utc_whatever_the_zone_it_was_read_in() -> None:
    brussels = PLAIN._replace(time=PLAIN.time.astimezone(timezone(timedelta(hours=1))))
    assert encode(brussels) == encode(PLAIN)
    told = json.loads(encode(PLAIN)) | {"time": brussels.time.isoformat()}
    (back,) = decode_batch(json.dumps([told]).encode(), REGISTRY)
    assert (back.time, back.time.tzinfo) == (PLAIN.time, UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "/elsewhere/jars"},
        {"source": "/regesta/"},
        {"id": "x"},
        {"time": "yesterday"},
        {"data": 3},
        {"source": "/regesta/a/jars"},
        {"time": "2024-02-29T11:30:00"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"time": "9999-12-31T23:59:59-01:00"},
        {"sequence": None},
        {"sequence": "3"},
        {"actor": 1},
        {"cause": 4},
    ],
)
def test_what_is_no_event_of_ours_is_refused(change: dict[str, object]) -> None:
    content = json.dumps([json.loads(encode(PLAIN)) | change]).encode()
    with pytest.raises(ValueError, match=r".+"):
        decode_batch(content, REGISTRY)


def test_a_batch_is_an_array() -> None:
    with pytest.raises(ValueError, match="array"):
        decode_batch(encode(PLAIN), REGISTRY)


Forge: TypeAlias = Callable[[bytes, list[tuple[str, bytes]]], tuple[bytes, list[tuple[str, bytes]]]]

# Of what has a true seal.
NOT_OF_THE_SEAL = r"^(?!the record has no true seal)"


def sealed(headers: Mapping[str, bytes | None], value: bytes | None) -> list[tuple[str, bytes]]:
    """Return headers as a service would have sealed them."""
    seal = SEAL.of([*(headers.get(name) or b"" for name in SEALED_HEADERS), value or b""])
    return [(name, text) for name, text in {**headers, "seal": seal}.items() if text is not None]


LOGGED = FULL._replace(log="01900000-0000-7000-8000-000000000000")


def test_a_record_in_binary_mode_is_read_by_the_sdk_of_cloudevents() -> None:
    value, headers = encode_binary(LOGGED, SEAL)
    found = from_binary(KafkaMessage(dict(headers), b"jar/a", value), JSONFormat())
    assert found.get_data() == {"ref": "é", "amount": 5, "later": [1.5, None]}
    assert {name: str(text) for name, text in found.get_attributes().items()} == {
        "specversion": "1.0", "id": "12", "source": "/regesta/jars", "type": "jar-filled.v1", "subject": "jar/a",
        "time": "2024-02-29 11:30:00.000007+00:00", "datacontenttype": "application/json", "sequence": "3",
        "actor": "officer", "log": LOGGED.log, "occurred": "2024-02", "cause": "shelves:4",
        "correlation": "shelves:1", "traceparent": FULL.traceparent, "partitionkey": "jar/a",
    }  # fmt: skip


def test_a_record_comes_back_as_the_event_it_was() -> None:
    for event in (LOGGED, PLAIN._replace(log=LOGGED.log)):
        value, headers = encode_binary(event, SEAL)
        assert decode_binary(headers, value, REGISTRY, SEAL) == event


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ce_id", b"0"), ("ce_id", b"-3"), ("ce_id", b"9223372036854775808"), ("ce_id", b"x"), ("ce_sequence", b"0"),
        ("ce_sequence", b"2147483648"), ("ce_sequence", b""), ("ce_log", b"log-1"), ("ce_subject", b"jar/\0"),
        ("ce_actor", b"\xff"), ("ce_time", b"yesterday"), ("ce_type", None),
    ],
)  # fmt: skip
def test_a_record_that_a_log_cannot_hold_is_refused(name: str, content: bytes | None) -> None:
    value, headers = encode_binary(LOGGED, SEAL)
    changed = {each: content if each == name else text for each, text in headers}
    with pytest.raises(ValueError, match=NOT_OF_THE_SEAL):
        decode_binary(sealed(changed, value), value, REGISTRY, SEAL)


@pytest.mark.parametrize("value", [None, b"", b"[1]", b"{", b"\xff"])
def test_a_record_whose_value_is_no_object_is_refused(value: bytes | None) -> None:
    with pytest.raises(ValueError, match=NOT_OF_THE_SEAL):
        decode_binary(sealed(dict(encode_binary(LOGGED, SEAL)[1]), value), value, REGISTRY, SEAL)


@pytest.mark.parametrize("name", ["ce_id", "ce_time", "ce_subject", "ce_log", "ce_occurred", "ce_traceparent", "seal"])
@pytest.mark.parametrize(
    "change", [lambda text: text[:-1] + b"~", lambda _: b"", lambda text: text + b"\0", lambda _: None]
)
def test_a_record_that_was_changed_has_no_true_seal(name: str, change: Callable[[bytes], bytes | None]) -> None:
    value, headers = encode_binary(LOGGED, SEAL)
    changed = [(each, change(text) if each == name else text) for each, text in headers]
    with pytest.raises(ValueError, match="no true seal"):
        decode_binary([(each, text) for each, text in changed if text is not None], value, REGISTRY, SEAL)


@pytest.mark.parametrize(
    "forge",
    [
        lambda value, headers: (value + b" ", headers),
        lambda value, headers: (value, headers[:-1]),
        lambda value, headers: (value, [*headers, ("seal", b"\0" * 16)]),
        lambda value, headers: (value, [*headers, ("ce_id", b"13")]),
        # What ends one header begins the next.
        lambda value, headers: (
            value,
            [
                ("ce_actor", b"officer\x002024-02") if each[0] == "ce_actor" else each
                for each in headers
                if each[0] != "ce_occurred"
            ],
        ),
        lambda value, _: (value, encode_binary(LOGGED, Seal(b"another".ljust(32)))[1]),
    ],
)
def test_a_record_that_another_made_has_no_true_seal(forge: Forge) -> None:
    value, headers = forge(*encode_binary(LOGGED, SEAL))
    with pytest.raises(ValueError, match="no true seal"):
        decode_binary(headers, value, REGISTRY, SEAL)


def test_a_key_has_a_size_and_is_never_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        Seal(b"x" * 31)
    assert KEY.decode().strip() not in repr(SEAL)
    assert (Seal(KEY) == SEAL, Seal(b"y" * 32) == SEAL) == (True, False)
