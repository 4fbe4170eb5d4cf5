"""Connections for who reads: at most half of the pool, so that who records does not wait for readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from regesta.database import Connection as Db
from regesta.errors import Busy
from regesta.outage import answering

ACQUIRE_SECONDS = 5.0
# A read takes milliseconds; a connection that says nothing for so long is dead, and would be waited for as long as it seems open.
READ_SECONDS = 30.0


class Readers:
    """Gives half of a pool to requests that read, in order of arrival. size: how many connections the pool has."""

    def __init__(self, pool: asyncpg.Pool, size: int) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(max(1, size // 2))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Db]:
        """Give a connection. Raises Busy when none is free in time, or the database is away by then or later.

        Who holds one may not ask for another, here or of the store: all could be held by such.
        """
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise Busy("too many are reading") from error
        try:
            with answering():
                async with ending(await self._acquired(), self._pool) as db:
                    yield db
        finally:
            self._free.release()

    async def _acquired(self) -> PoolConnectionProxy[asyncpg.Record]:
        try:
            return await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        except TimeoutError as error:
            raise Busy("the database gives no connection") from error


@asynccontextmanager
async def ending(db: PoolConnectionProxy[asyncpg.Record], pool: asyncpg.Pool) -> AsyncIterator[Db]:
    """Give a connection of a pool for as long as a read may take, and give it back.

    Then it is closed under whoever reads, and raises what a lost one does.
    """
    overdue = asyncio.get_running_loop().call_later(READ_SECONDS, db.terminate)
    try:
        yield db
    finally:
        overdue.cancel()
        # Given back after a cancelled statement, it may still hang; asyncpg closes it then.
        with suppress(TimeoutError):
            await pool.release(db, timeout=ACQUIRE_SECONDS)
