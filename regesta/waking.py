"""Waking readers: in this process at once, across processes by one NOTIFY per batch, and a poll so that a lost one costs 250 ms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg

from regesta.outage import passes
from regesta.unit import Head

POLL_SECONDS = 0.25
CHANNEL = "regesta"
RETRY_SECONDS = 1.0
# A connection that only listens does not notice that the other end is gone.
CHECK_SECONDS = 2.0
# Other processes hear of the first append at once, then of what a burst of them reached this often.
TELL_SECONDS = 0.02

logger = logging.getLogger(__name__)


class Waking:
    """The known heads of the own log and the replicas, and who waits for them to move.

    turned: told after a log has got another id, and its replica perhaps ends earlier (see regesta.adoption), and when such
    a message may have been missed.
    """

    def __init__(
        self, dsn: str, service: str, head: Callable[[str], Awaitable[Head]], turned: Callable[[], Awaitable[None]]
    ) -> None:
        self._dsn = dsn
        self._service = service
        self._head = head
        self._turned = turned
        self._back = False
        self._heads: dict[str, int] = {}
        self._moved: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._tell = asyncio.Event()

    def start(self) -> list[asyncio.Task[None]]:
        """Start listening, telling and polling; the caller cancels the tasks."""
        jobs = {"listening": self._talk, "polling": self._poll}
        return [asyncio.create_task(job(), name=name) for name, job in jobs.items()]

    def announce(self, head: int) -> None:
        """Tell this and the other processes that the own log reaches `head`."""
        self.arrived(self._service, head)

    def arrived(self, source: str, head: int) -> None:
        """Tell this and the other processes that a log or replica reaches `head`."""
        self._move(source, head)
        self._dirty.add(source)
        self._tell.set()

    def _move(self, source: str, head: int) -> None:
        if head > self._heads.get(source, 0):
            self._heads[source] = head
            self._moved.pop(source, asyncio.Event()).set()

    async def wait(self, source: str, after: int, timeout_seconds: float) -> bool:
        """Return True once the log reaches beyond `after`, False when the time is over."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        if source not in self._heads:
            self._move(source, (await self._head(source)).position)
        self._waiting[source] = self._waiting.get(source, 0) + 1
        try:
            while self._heads.get(source, 0) <= after:
                moved = self._moved.setdefault(source, asyncio.Event())
                left = deadline - asyncio.get_running_loop().time()
                try:
                    async with asyncio.timeout(left):
                        await moved.wait()
                except TimeoutError:
                    return False
            return True
        finally:
            self._waiting[source] -= 1

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                for source in [name for name, count in self._waiting.items() if count]:
                    self._move(source, (await self._head(source)).position)
            except Exception as error:
                if not passes(error):
                    raise
                logger.warning("polling the heads failed: %s", error)

    async def _talk(self) -> None:
        """Listen and notify on a connection of its own: a NOTIFY inside the append would serialise commits."""
        while True:
            try:
                # A NOTIFY gets a transaction id, so its commit would wait for the disk like an append's, and with it.
                connection = await asyncpg.connect(self._dsn, server_settings={"synchronous_commit": "off"})
                try:
                    await self._converse(connection)
                finally:
                    await connection.close(timeout=1)
            except Exception as error:
                if not passes(error):
                    raise
                logger.warning("listening failed: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _converse(self, connection: asyncpg.Connection) -> None:
        await connection.add_listener(CHANNEL, self._heard)
        await self._turn()
        while True:
            if self._back:
                self._back = False
                await self._turn()
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._tell.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=CHECK_SECONDS)
            self._tell.clear()
            dirty, self._dirty = self._dirty, set()
            for source in dirty:
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, f"{source} {self._heads[source]}")
            await asyncio.sleep(TELL_SECONDS)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        source, head, *back = str(payload).split(" ")
        if back:
            self._back = True
            self._tell.set()
        else:
            self._move(source, int(head))

    async def _turn(self) -> None:
        """Look at every head anew: one may be lower than it was."""
        await self._turned()
        for source, before in list(self._heads.items()):
            head = (await self._head(source)).position
            if self._heads[source] == before:  # what was heard meanwhile is newer
                self._heads[source] = head
            self._moved.pop(source, asyncio.Event()).set()
