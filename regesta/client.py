"""How a client of Kafka is started, asked and stopped, whatever it does at its faults. Imported only where it is used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

import aiokafka.admin.client
import aiokafka.client
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

# A client tries again by itself: it has asked another node by then, and later it is made anew.
ANSWER_SECONDS: Final = 15.0
# It begins with one node after another.
START_SECONDS: Final = 30.0
# What stops longer than that is left to itself.
STOP_SECONDS: Final = 5.0

T = TypeVar("T")

logger = logging.getLogger(__name__)


class _OnlyAsking(MetadataRequest):
    """Asks for topics. A broker makes those that are missing, in its own way, unless it is told not to."""

    def __init__(self, topics: Sequence[str] | None = None) -> None:
        super().__init__(topics, allow_auto_topic_creation=False)


# The clients have no setting for it, and ask again by themselves.
aiokafka.client.MetadataRequest = aiokafka.admin.client.MetadataRequest = _OnlyAsking


async def answered_within(job: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what a client answers. Raises TimeoutError when it does not in time, also where it heeds no cancelling.

    Raises KafkaConnectionError when it is the client that cancels what it does: nobody asked who waits for it to end.
    """
    doing = asyncio.create_task(job)
    try:
        await asyncio.wait({doing}, timeout=seconds)
    finally:
        await _left(doing)
    return _answer(doing)


async def start(job: Coroutine[Any, Any, None]) -> None:
    """Let a client start, to the end also when cancelled, and raise that then. Raises as `answered_within` does.

    Cancelled half-way, aiokafka leaves a connection that its own closing does not know, and its closing forgets that it was.
    """
    _answer(await _to_its_end(job, START_SECONDS))


async def stop(job: Coroutine[Any, Any, None]) -> None:
    """Let a client stop (see `start`), as far as it goes and for a while; what it says then is of no use.

    While its broker is gone it may give up half-way. While its broker says nothing it may wait for ever: until what was sent
    is read, or for a task of its own that has ended.
    """
    await _to_its_end(job, STOP_SECONDS)


async def _to_its_end(job: Coroutine[Any, Any, None], seconds: float) -> asyncio.Task[None]:
    """Let a client do what is better not left half-way; also when cancelled, for a while, and raise that then."""
    doing = asyncio.create_task(job)
    try:
        await asyncio.wait({doing}, timeout=seconds)
    except asyncio.CancelledError:
        await asyncio.wait({doing}, timeout=STOP_SECONDS)
        raise
    finally:
        await _left(doing)
    return doing


async def _left(doing: asyncio.Task[Any]) -> None:
    """Cancel what is not done, and leave it to itself when it is not done with that soon either."""
    if not doing.done():
        doing.cancel()
        await asyncio.wait({doing}, timeout=STOP_SECONDS)
    doing.add_done_callback(_unheard)


def _unheard(done: asyncio.Task[Any]) -> None:
    """Take note of how a task ended, which asyncio would tell otherwise."""
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.debug("a client of the broker ended with %r", error)


def _answer(done: asyncio.Task[T]) -> T:
    if not done.done():
        raise TimeoutError("it does not answer")
    if done.cancelled():
        raise KafkaConnectionError("the client gave up by itself")
    return done.result()
