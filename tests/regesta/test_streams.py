"""A stream can always be looked at, whatever is recorded in it; what cannot be read is marked, and the state ends before it."""

from __future__ import annotations

import json
import logging
import tracemalloc
from dataclasses import replace

import httpx2
import pytest

from regesta.problem import TYPE_BASE
from regesta.suites import META
from regesta.unit import READ_BYTES, NewEvent, Unit
from tests.conftest import FreshDatabase
from tests.regesta.jars import SERVICE
from tests.regesta.serving import Issuer, Served, client, served, settings_of

FILLED = ("jar-filled.v1", '{"ref":"r","amount":5}')
BAD = ("jar-filled.v1", '{"ref":"secret","amount":"many"}')
BAD_SAID = "ValidationError: amount: Input should be a valid integer, unable to parse string as an integer"
WORSE = ("jar-labelled.v1", '["secret"]')
WORSE_SAID = "ValidationError: data: Input should be an object"
NO_FOLD = ("shard.v1", "{}")
LATER = ("jar-filled.v9", "{}")
LATER_SAID = "its type is of a later release"


async def record(service: Served, *facts: tuple[str, str]) -> None:
    """Append facts to jar/a, of which nothing is checked."""
    store = service.runtime.store
    version = len((await store.tails({"jar/a": 0}))["jar/a"])
    events = [NewEvent("jar/a", version + n, kind, META, data) for n, (kind, data) in enumerate(facts, 1)]
    await store.append(Unit({"jar/a": version}, events))


async def position_of_the_first(service: Served) -> int:
    (event,) = await service.runtime.store.of_stream("jars", "jar/a", 0, 1)
    return event.position


async def stream_of(user: httpx2.AsyncClient, **query: int) -> dict[str, object]:
    """Return versions, the amount in the state, and the marks of the events."""
    answer = await user.get("/streams/jar/a", params=query)
    assert answer.status_code == 200
    document = answer.json()
    marks = [each.get("unreadable") for each in document["events"]]
    return {
        "version": document["version"], "folded": document["state_version"],
        "amount": document["state"]["amount"], "marks": marks,
    }  # fmt: skip


# Facts, then the version and the amount of the state, and how each fact is marked.
SHOWN: dict[str, tuple[list[tuple[str, str]], int, int, list[str | None]]] = {
    "the first": ([BAD, FILLED], 0, 0, [BAD_SAID, None]),
    "the last": ([FILLED, FILLED, WORSE], 2, 10, [None, None, WORSE_SAID]),
    "in the middle": ([FILLED, BAD, FILLED], 1, 5, [None, BAD_SAID, None]),
    "several": ([FILLED, BAD, FILLED, WORSE, LATER], 1, 5, [None, BAD_SAID, None, WORSE_SAID, LATER_SAID]),
    "what no fold knows": ([FILLED, NO_FOLD, FILLED], 1, 5, [None, "AssertionError", None]),
    "of a later release": ([FILLED, LATER, BAD], 1, 5, [None, LATER_SAID, BAD_SAID]),
    "none": ([FILLED, FILLED], 2, 10, [None, None]),
}


@pytest.mark.parametrize("case", SHOWN)
async def test_what_cannot_be_read_is_marked_and_the_state_ends_before_it(jars_service: Served, case: str) -> None:
    facts, folded, amount, marks = SHOWN[case]
    await record(jars_service, *facts)
    async with client(jars_service) as user:
        found = await stream_of(user)
        assert found == {"version": len(facts), "folded": folded, "amount": amount, "marks": marks}
        events = (await user.get("/streams/jar/a")).json()["events"]
        assert [each["type"] for each in events] == [kind for kind, _ in facts]
        assert [each["data"] for each in events] == [json.loads(data) for _, data in facts]
        until = await stream_of(user, cut=int(events[0]["id"]))
        assert until == {"version": 1, "folded": min(folded, 1), "amount": min(amount, 5), "marks": marks[:1]}


LARGE = ("jar-filled.v1", json.dumps({"ref": "x" * (READ_BYTES // 4), "amount": 5}))


async def test_a_stream_is_shown_whole_however_many_reads_it_takes(jars_service: Served) -> None:
    await record(jars_service, *[LARGE] * 9)  # a read has four of them
    first = await position_of_the_first(jars_service)
    async with client(jars_service) as user:
        found = [await stream_of(user), *[await stream_of(user, cut=first + n) for n in (2, 3, 4, 8, 9)]]
    assert [each["version"] for each in found] == [9, 3, 4, 5, 9, 9]
    assert [each["amount"] for each in found] == [45, 15, 20, 25, 45, 45]


async def test_the_beginning_of_a_stream_is_shown_without_reading_all_of_it(jars_service: Served) -> None:
    for _ in range(8):
        await record(jars_service, *[LARGE] * 5)
    first = await position_of_the_first(jars_service)
    async with client(jars_service) as user:
        tracemalloc.start()
        try:
            found = await stream_of(user, cut=first + 1)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (found["version"], found["amount"]) == (2, 10)
    assert most < 32 * 2**20  # all events have more


async def test_a_stream_that_is_only_kept_is_marked_too(reused_database: FreshDatabase, issuer: Issuer) -> None:
    settings = settings_of(await reused_database("jars"), issuer)
    async with served(replace(SERVICE, aggregates=(), rules=(), routes=(), reactions=()), settings, issuer) as kept:
        await record(kept, FILLED, BAD, LATER)
        async with client(kept) as user:
            document = (await user.get("/streams/jar/a")).json()
    assert (document["version"], document["state"], document["state_version"]) == (3, None, None)
    assert [each.get("unreadable") for each in document["events"]] == [None, BAD_SAID, LATER_SAID]


async def test_a_command_on_such_a_stream_is_told_which_fact_it_is(
    jars_service: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await record(jars_service, FILLED, BAD)
    async with client(jars_service) as user:
        bad = (await user.get("/streams/jar/a")).json()["events"][1]["id"]
        answers = [await user.put("/jars/a/fills/s", json={"amount": 1}) for _ in range(3)]
        assert (await user.put("/jars/b/fills/s", json={"amount": 1})).status_code == 201
    assert {answer.status_code for answer in answers} == {409}
    assert "Retry-After" not in answers[0].headers
    assert answers[0].json() == answers[2].json()
    problem = answers[0].json()
    told = {name: problem[name] for name in ("type", "stream", "event", "source", "position", "fault")}
    assert told == {
        "type": TYPE_BASE + "unreadable-fact", "stream": "jar/a", "event": f"jars:{bad}", "source": "jars",
        "position": int(bad), "fault": BAD_SAID,
    }  # fmt: skip
    assert "secret" not in answers[0].text
    assert [each.exc_info for each in caplog.records if each.name in {"regesta.decider", "regesta.problem"}] == [None]
    assert "secret" not in caplog.text
