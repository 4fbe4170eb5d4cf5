"""Replay from nothing: reporting's replicas and read models are emptied and filled again, from the topics alone and over the feeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx2
import pytest

from tests.faults.checker import ReadModels, caught_up, check_logs, check_replicas, read_models
from tests.system.apart import Apart, running_apart
from tests.system.conftest import folder
from tests.system.smoke import FILE, Place, pretty, read

SOURCES = ("objectives", "kpi", "budget")
OVER_THE_FEED = {"REGESTA_CARRIER": "feed"}


@pytest.fixture
def apart(kafka: str) -> Iterator[Apart]:
    """Run the four services over Kafka, with something recorded by every route."""
    carrier = {"REGESTA_CARRIER": "kafka", "REGESTA_KAFKA_BOOTSTRAP": kafka, "REGESTA_KAFKA_PREFIX": uuid4().hex}
    with folder() as place, running_apart(place, carrier) as apart:
        tell(apart)
        yield apart


def tell(apart: Apart) -> None:
    """Send the calls of deploy/smoke.http, each to its service."""
    variables, calls = read(FILE.read_text("utf-8"))
    place = Place(variables | {"url": "", "token": apart.token})
    with ExitStack() as stack:
        clients = {name: stack.enter_context(apart.client(name)) for name in apart.urls}
        for call in calls:
            place.expect(call, clients[place.fill(call.target).split("/")[1]])


def cut_of(client: httpx2.Client) -> dict[str, str]:
    """Return as of which cut a letter is made now, as a query."""
    cut = client.get("/reporting/v1/letters/smoke/2024", headers={"Accept": "application/json"}).json()["letter"]["cut"]
    return {"cut": ",".join(f"{source}:{position}" for source, position in cut.items())}


def letters(apart: Apart, query: dict[str, str]) -> list[bytes]:
    """Return the letters as of a cut, as documents and as pages."""
    with apart.client("reporting") as client:
        found = [
            client.get(f"/reporting/v1/letters/smoke/{year}", params=query, headers={"Accept": accept})
            for year in (2023, 2024)
            for accept in ("application/json", "text/html")
        ]
    assert {answer.status_code for answer in found} == {200}, [pretty(answer) for answer in found]
    return [answer.content for answer in found]


def refill(apart: Apart) -> None:
    """Empty reporting as an operator does who stops it for that, and see that nothing is left."""
    apart.stop("reporting")
    said = apart.run("reporting", "refill")
    assert [line.rpartition(" events of ")[2] for line in said.splitlines()] == [
        f"{each} come again" for each in SOURCES
    ]


async def nothing_is_left(apart: Apart) -> None:
    assert not any((await read_models(apart, "reporting")).values())


async def test_reporting_is_filled_again_from_topics_alone_and_over_feeds_with_the_same_letters(apart: Apart) -> None:
    await caught_up(apart)
    with apart.client("reporting") as client:
        query = cut_of(client)
    before, rows = letters(apart, query), await read_models(apart, "reporting")
    assert all(rows.values()), {table: len(found) for table, found in rows.items()}

    refill(apart)
    await nothing_is_left(apart)
    apart.stop(*SOURCES)  # so that the topics alone can give it
    apart.start("reporting")
    await same(apart, query, before, rows)

    apart.start(*SOURCES)
    apart.wait_ready(*SOURCES)
    refill(apart)
    await nothing_is_left(apart)
    for environment in apart.environments.values():
        environment |= OVER_THE_FEED
    apart.start("reporting")
    await same(apart, query, before, rows)
    await check_replicas(apart, await check_logs(apart))


async def same(apart: Apart, query: dict[str, str], before: list[bytes], rows: ReadModels) -> None:
    """Letters and read models become what they were."""
    await caught_up(apart)
    assert letters(apart, query) == before
    now = await read_models(apart, "reporting")
    assert {table: found for table, found in now.items() if found != rows[table]} == {}
