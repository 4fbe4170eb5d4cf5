"""Whoever waits for a log is woken, whichever way its head became known."""

from __future__ import annotations

import asyncio

import asyncpg

from regesta.unit import Head
from regesta.waking import Waking


async def _nothing() -> None:
    """Do nothing when the log may have become another."""


async def test_a_head_that_is_looked_at_anew_wakes_who_waits_for_it() -> None:
    reached = 10

    async def head(_source: str) -> Head:
        return Head(reached, "log", None)

    waking = Waking("nowhere", "jars", head, _nothing)
    waiting = asyncio.create_task(waking.wait("jars", 10, 60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reached = 11
    await waking._turn()
    async with asyncio.timeout(5):
        assert await waiting


async def test_what_is_heard_while_a_head_is_looked_at_is_not_forgotten() -> None:
    async def head(_source: str) -> Head:
        waking.announce(12)
        return Head(11, "log", None)

    waking = Waking("nowhere", "jars", head, _nothing)
    waking.announce(10)
    await waking._turn()
    assert await waking.wait("jars", 11, 0)


async def test_a_head_that_cannot_be_read_now_is_polled_again() -> None:
    """The driver raises this when its connection breaks in the middle of an answer."""
    answers: list[Exception | int] = [10, asyncpg.InternalClientError("unexpected end"), 11]

    async def head(_source: str) -> Head:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Head(answer, "log", None)

    waking = Waking("nowhere", "jars", head, _nothing)
    polling = asyncio.create_task(waking._poll())
    assert await waking.wait("jars", 10, 5)
    polling.cancel()
    assert answers == []
