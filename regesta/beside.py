"""What the processes of a service tell each other: what stands still that only one of them sees, as who takes in and publishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

import asyncpg

from regesta.database import Connection as Db
from regesta.outage import passes
from regesta.reasons import Cause, Reason

TELL_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 1.0
# Of a process that was killed, or hangs, nothing is shown after that.
FRESH: Final = timedelta(seconds=10)

TELL: Final = """
WITH over AS (DELETE FROM bus.findings WHERE process = $1 OR at < clock_timestamp() - 6 * $4::interval)
INSERT INTO bus.findings SELECT $1, cause, detail, clock_timestamp() FROM unnest($2::text[], $3::text[]) AS found (cause, detail)
"""
READ: Final = """
SELECT cause, detail FROM bus.findings WHERE process <> $1 AND at > clock_timestamp() - $2::interval ORDER BY cause, detail
"""


class Beside:
    """This process among those of its service."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._process = uuid4()
        self._has_told = False

    async def tell(self, found: Iterable[Reason]) -> None:
        """Let the others know what this process finds now, in place of what it found before."""
        reasons = list(found)
        if reasons or self._has_told:
            causes, details = [each.cause.code for each in reasons], [each.detail for each in reasons]
            await self._pool.execute(TELL, self._process, causes, details, FRESH)
        self._has_told = bool(reasons)

    async def tell_always(self, find: Callable[[], Iterable[Reason]]) -> None:
        """Tell until cancelled, and that it finds nothing any more then; while the database is away there is nobody to hear."""
        try:
            while True:
                await self._try(find())
                await asyncio.sleep(TELL_SECONDS)
        finally:
            await self._try(())

    async def _try(self, found: Iterable[Reason]) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.tell(found)
        except Exception as error:
            if not passes(error):
                raise

    async def others(self, db: Db | asyncpg.Pool) -> Sequence[Reason]:
        """Return what the other processes found last. A cause of a later release is left to its own processes."""
        known = {cause.code: cause for cause in Cause}
        rows = await db.fetch(READ, self._process, FRESH)
        return [Reason(known[row["cause"]], row["detail"]) for row in rows if row["cause"] in known]
