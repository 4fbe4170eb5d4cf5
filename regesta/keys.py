"""Command keys: those of callers are forgotten after 30 days, those of imports and reactions never."""

from __future__ import annotations

import asyncio
import logging

import asyncpg

from regesta.outage import passes, words_of

# A key lives some hours longer than it must.
EVERY_SECONDS = 6 * 3600.0
RETRY_SECONDS = 60.0
# 1 MiB, some thousands of keys: in some milliseconds, and then others have their turn.
BLOCKS = 128
PAUSE_SECONDS = 0.05
# How old a key must be is said there, so that nobody can forget a younger one.
FORGET = "SELECT log.forget_keys($1, $2)"

logger = logging.getLogger(__name__)


async def forget_always(pool: asyncpg.Pool) -> None:
    """Forget until cancelled, again and again. Several processes may do the same."""
    while True:
        pause = EVERY_SECONDS
        try:
            await forget(pool)
        except Exception as error:
            if not passes(error):
                raise
            logger.warning("forgetting keys: %s; trying again", words_of(error))
            pause = RETRY_SECONDS
        await asyncio.sleep(pause)


async def forget(pool: asyncpg.Pool) -> None:
    """Go once through all keys, piece by piece, and forget the old ones."""
    block: int | None = 0
    while block is not None:
        block = await pool.fetchval(FORGET, block, BLOCKS)
        await asyncio.sleep(PAUSE_SECONDS)
