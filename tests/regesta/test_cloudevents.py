"""An event on the wire is a CloudEvent, and comes back as the event it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from regesta.cloudevents import decode_batch, encode, encode_batch
from regesta.event import Recorded
from tests.regesta.jars import REGISTRY, JarFilled

PLAIN = Recorded(
    "jars", 12, "jar/a", 3, datetime(2024, 2, 29, 11, 30, 0, 7, UTC), "jar-filled.v1",
    '{"ref":"é","amount":5,"later":[1.5,null]}', "log-1", REGISTRY, "officer",
)  # fmt: skip
FULL = replace(
    PLAIN, occurred="2024-02", cause="shelves:4", correlation="shelves:1", traceparent=f"00-{'1' * 32}-{'2' * 16}-01"
)


def test_an_event_has_the_members_of_its_form() -> None:
    assert json.loads(encode(FULL)) == {
        "specversion": "1.0", "id": "12", "source": "/regesta/jars", "type": "jar-filled.v1", "subject": "jar/a",
        "time": "2024-02-29T11:30:00.000007Z", "datacontenttype": "application/json", "sequence": 3, "actor": "officer",
        "log": "log-1", "occurred": "2024-02", "cause": "shelves:4", "correlation": "shelves:1",
        "traceparent": FULL.traceparent, "data": {"ref": "é", "amount": 5, "later": [1.5, None]},
    }  # fmt: skip
    assert not {"occurred", "cause", "correlation", "traceparent"} & set(json.loads(encode(PLAIN)))


def test_a_batch_comes_back_as_it_was() -> None:
    unknown = replace(FULL, position=13, type="jar-sold.v1", raw='{"price":1}')
    back = decode_batch(encode_batch([PLAIN, FULL, unknown]), REGISTRY)
    assert back == [PLAIN, FULL, unknown]
    assert isinstance(back[0].event, JarFilled)
    assert back[2].event is None
    assert decode_batch(encode_batch([]), REGISTRY) == []


def test_a_moment_is_told_in_utc_whatever_the_zone_it_was_read_in() -> None:
    brussels = replace(PLAIN, time=PLAIN.time.astimezone(timezone(timedelta(hours=1))))
    assert encode(brussels) == encode(PLAIN)


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
