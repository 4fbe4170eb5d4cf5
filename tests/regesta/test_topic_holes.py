"""What a topic lacks comes from its source over the feed, however much it is: a feed gives so much at once, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from regesta.broker import Broker
from regesta.bus import BATCH_EVENTS
from regesta.source import FeedClient
from regesta.store import PostgresStore
from regesta.suites import new_event, new_unit
from regesta.topic import KafkaPublisher
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.seals import SEALED
from tests.regesta.serving import Issuer, served, settings_of
from tests.regesta.topics import Origin, Way

# The first is published, and the last; between them are more than a feed gives at once.
LAST = BATCH_EVENTS + 3


@pytest.fixture
async def way(broker: Broker, reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Way]:
    """Return the way from a log of a service that runs to a replica without events, over a topic without any."""
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    settings, database = settings_of(await reused_database("jars"), issuer), await reused_database("kpi")
    async with (
        served(jars.SERVICE, settings, issuer, worker=False) as source,
        httpx2.AsyncClient() as http,
        PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=4) as replica,
    ):
        store = source.runtime.store
        await store.append(
            new_unit(*[new_event("thing/1", number, f'{{"n":{number}}}') for number in range(1, LAST + 1)])
        )
        await publisher.open()
        origin = FeedClient(http, source.url, issuer.token("events:read"), jars.REGISTRY)
        yield Way(broker, store, Origin(origin), replica, publisher)
        await publisher.close()


async def test_a_hole_of_more_than_a_feed_gives_at_once_is_filled(way: Way) -> None:
    await way.publish([1], [LAST])
    await way.taken_in(LAST)
    assert await way.replica.offset("jars") == 2


async def test_a_claim_of_more_than_a_feed_gives_at_once_is_left_out(way: Way) -> None:
    await way.publish([1])
    (last,) = await way.source.read("jars", LAST - 1, 1)
    await way.publisher.publish([last._replace(position=2**40)])
    await way.publish(range(2, LAST + 1))
    await way.taken_in(LAST)
