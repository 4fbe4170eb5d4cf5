"""eventsourcing's projection runner over a view in PostgreSQL, written as its documentation shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from tests.bench import rivals
from tests.bench.ground import Ground
from tests.bench.load import text
from tests.bench.rival_eventsourcing import environment
from tests.bench.rows import Figures

STREAM_EVENTS = 50
WAIT_SECONDS = 600
UPSERT = """
INSERT INTO tallies AS kept VALUES (%s, 1, %s)
ON CONFLICT (stream) DO UPDATE SET events = kept.events + 1, cents = kept.cents + excluded.cents
"""


class Tally(Aggregate):
    """What is counted."""

    def __init__(self) -> None:
        self.cents = 0

    @event("Counted")
    def count(self, cents: int, text: str) -> None:  # noqa: ARG002 - the text is only carried
        self.cents += cents


class Tallies(Application[UUID]):
    """The application whose events are projected."""


class TallyView(PostgresTrackingRecorder):
    """The read model: how much was counted by stream."""

    def _create_table(self, curs: object) -> None:
        super()._create_table(curs)
        curs.execute(  # type: ignore[attr-defined]  # a cursor of psycopg
            "CREATE TABLE IF NOT EXISTS tallies (stream uuid PRIMARY KEY, events bigint NOT NULL, cents bigint NOT NULL)"
        )

    def add(self, stream: UUID, cents: int, tracking: Tracking) -> None:
        """Add one event, with its place in the same transaction."""
        with self.datastore.transaction(commit=True) as curs:
            self._insert_tracking(curs, tracking)
            curs.execute(UPSERT, (stream, cents), prepare=True)


class TallyProjection(Projection[TallyView]):
    """Feeds the view, one event at a time, as the library calls it."""

    def process_event(self, domain_event: object, tracking: Tracking) -> None:
        """Add what one event counted; others only move the place."""
        cents = domain_event.cents if isinstance(domain_event, Tally.Counted) else 0
        self.view.add(domain_event.originator_id, cents, tracking)  # type: ignore[attr-defined]  # every event has one


@asynccontextmanager
async def opened(ground: Ground) -> AsyncIterator[rivals.Rival]:
    """Give the runner; each call fills a log of its own and catches up over it."""

    async def follow(_callers: int, events: int) -> Figures:
        async with ground.database() as database:
            return await asyncio.to_thread(_follow, environment(database.admin_dsn), events)

    yield follow


def _follow(env: dict[str, str], events: int) -> Figures:
    with Tallies(env) as application:
        last = _fill(application, events)
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Tallies, projection_class=TallyProjection, view_class=TallyView, env=env
    ) as runner:
        runner.wait(last, timeout=WAIT_SECONDS)
        return {"rate": events / (time.perf_counter() - began)}


def _fill(application: Tallies, events: int) -> int:
    """Record so many events; return the last one's place."""
    last = 0
    for _ in range(events // STREAM_EVENTS):
        tally = Tally()
        for number in range(STREAM_EVENTS - 1):
            tally.count(number, text()[:80])
        last = application.save(tally)[-1].notification.id
    return last
