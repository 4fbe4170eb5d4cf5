"""The carrier over a real broker: the suite of all carriers, and what only a topic can do: repeat, lack, fork, hold what is foreign."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest

from regesta.broker import Broker, ensure_topic
from regesta.bus import Carrier
from regesta.feed import FeedClient
from regesta.kafka import KafkaCarrier
from regesta.relay import Relay
from regesta.store import PostgresStore
from regesta.suites import CarrierSuite
from regesta.topic import KafkaPublisher
from regesta.unit import Store
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, served, settings_of


@pytest.fixture
def broker(kafka: str) -> Broker:
    """Return the session's broker, with topics for this test alone."""
    return Broker(kafka, f"test-{uuid4().hex[:12]}", {})


class TestKafka(CarrierSuite):
    @pytest.fixture
    async def quiet(self, reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
        """Serve jars without a worker, whose calendar would write into the log."""
        database = await reused_database("jars")
        async with served(jars.SERVICE, settings_of(database, issuer), issuer, worker=False) as running:
            yield running

    @pytest.fixture
    async def store(self, quiet: Served, broker: Broker) -> AsyncIterator[Store]:
        """Return the source's store, whose log is relayed."""
        store = quiet.runtime.store
        assert isinstance(store, PostgresStore)
        await ensure_topic(broker, broker.topic("jars"))
        relaying = asyncio.create_task(Relay(store, KafkaPublisher(broker, "jars", jars.REGISTRY)).run())
        yield store
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)

    @pytest.fixture
    async def carrier(self, store: Store, quiet: Served, issuer: Issuer, broker: Broker) -> AsyncIterator[Carrier]:
        async with httpx2.AsyncClient() as http:
            origin = FeedClient(http, quiet.url, issuer.token("events:read"), jars.REGISTRY)
            carrier = KafkaCarrier(broker, "shelves", "jars", store.registry, origin)
            yield carrier
            await carrier.close()
