"""Reporting's read models on a real database, fed with logs in any portions, without HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

import asyncpg

from regesta.event import Recorded
from regesta.follower import Follower
from regesta.projection import search_path
from regesta.testing import MemoryStore
from regesta.view import View
from services.reporting.domain.letter import Letter
from services.reporting.gathering import read_letter
from services.reporting.projections.standing import LOGS, PROJECTIONS, REGISTRY
from services.reporting.writing import canonical
from tests.conftest import Database
from tests.services.reporting.past import LOG

TABLES: Final = tuple(table for projection in PROJECTIONS for table in projection.tables)
SETTINGS: Final = {
    "enable_seqscan": "off",
    "synchronous_commit": "off",
    "search_path": search_path([each.schema for each in PROJECTIONS]),
}
# Quicker than TRUNCATE, which makes new files.
EMPTY: Final = ";".join(f"DELETE FROM {table}" for table in (*TABLES, "projections.checkpoints"))


@dataclass
class System:
    """A reporting service's database. `feed` it, then ask for letters."""

    pool: asyncpg.Pool

    async def empty(self) -> None:
        """Forget everything, as a new system."""
        await self.pool.execute(EMPTY)
        self.store = MemoryStore("reporting", REGISTRY)
        self.followers = {
            source: Follower(self.store, self.pool, source, [each for each in PROJECTIONS if each.source == source])
            for source in LOGS
        }
        for follower in self.followers.values():
            await follower.open()

    async def feed(self, source: str, events: Sequence[Recorded]) -> None:
        """Take in the next events of one log, and fold them."""
        if events:
            await self.store.replicate(LOG[source], events)
            await self.followers[source].catch_up()
            assert not self.followers[source].parked

    @asynccontextmanager
    async def view(self, cut: Mapping[str, int] | None = None) -> AsyncIterator[View]:
        """Give a view as of a cut; None: the newest."""
        newest = {source: follower.position for source, follower in self.followers.items()}
        async with self.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            yield View(db, dict(cut) if cut is not None else newest, ())

    async def letter(
        self, note: str, year: int, cut: Mapping[str, int] | None = None, occurred_until: date | None = None
    ) -> Letter:
        """Return a letter as of a cut."""
        async with self.view(cut) as view:
            return await read_letter(view, note, year, occurred_until)

    async def document(self, note: str, year: int, cut: Mapping[str, int] | None = None) -> bytes:
        """Return the bytes of a letter as of a cut."""
        return canonical(await self.letter(note, year, cut))

    async def rows(self) -> dict[str, list[str]]:
        """Return all rows of all tables as text, in the order of their keys."""
        return {
            table: [
                str(tuple(row)) for row in await self.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, from_position")
            ]
            for table in TABLES
        }


@asynccontextmanager
async def system_on(database: Database) -> AsyncIterator[System]:
    """Run a system on a migrated database."""
    async with asyncpg.create_pool(database.dsn, min_size=1, max_size=2, server_settings=SETTINGS) as pool:
        system = System(pool)
        await system.empty()
        yield system
