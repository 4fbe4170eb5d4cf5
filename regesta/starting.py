"""How a service begins in a process: at once, or as soon as its database lets it; until then the process says why, and serves on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from regesta import gauges
from regesta.errors import DatabaseAway, Misconfigured
from regesta.outage import public
from regesta.reasons import Cause, Reason
from regesta.runtime import Runtime

RETRY_SECONDS: Final = 1.0
# What is on the way to a database may swallow all that is sent to it; who asks this process meanwhile must be told.
FIRST_SECONDS: Final = 5.0

logger = logging.getLogger(__name__)


class Starting:
    """A service on its way into a process, and in it until the process ends.

    run: lets it run; begin: is given what runs. waits: why it does not run yet. tried: nobody waits for the first attempt any more.
    ended: a part of it has, or it cannot begin.
    """

    def __init__(
        self,
        service: str,
        run: Callable[[], AbstractAsyncContextManager[Runtime]],
        begin: Callable[[Runtime], None] = lambda _runtime: None,
    ) -> None:
        self.waits: Reason | None = None
        self.tried = asyncio.Event()
        self.ended = asyncio.Event()
        self._service = service
        self._run = run
        self._begin = begin

    @asynccontextmanager
    async def lasting(self) -> AsyncIterator[None]:
        """Let the service run, in a task that enters and leaves it. Raises what the first attempt does, but for DatabaseAway."""
        living = asyncio.create_task(self._live(), name=f"{self._service} as it starts and runs")
        living.add_done_callback(lambda _living: self.tried.set())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.tried.wait(), FIRST_SECONDS)
            if living.done():
                living.result()
            if not self.tried.is_set():
                self.tried.set()
                self._wait(f"the database of {self._service} has not answered for {FIRST_SECONDS:.0f} s")
            yield
        finally:
            living.cancel()
            await asyncio.wait([living])
        if not living.cancelled():
            living.result()

    async def _live(self) -> None:
        while not self.ended.is_set():
            try:
                await self._once()
            except Misconfigured as error:
                # At first only its own operator can mend it. Later others are served by this process, and not stopped by this one.
                if not (self.tried.is_set() or isinstance(error, DatabaseAway)):
                    raise
                self._wait(str(error))
                self.tried.set()
            except Exception as error:
                if self.waits is None:
                    raise
                logger.critical("%s cannot begin; start this process again", self._service, exc_info=error)
                self._tell(Reason(Cause.TASK_ENDED, f"the start of {self._service} ended: {public(error)}"))
                self.ended.set()
            else:
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _once(self) -> None:
        async with self._run() as runtime:
            if self.waits is not None:
                logger.warning("%s: no longer %s; it runs now", self._service, self.waits.cause.code)
            self._begin(runtime)
            self.waits = None
            self.tried.set()
            await runtime.ended.wait()
            self.ended.set()
            await asyncio.Event().wait()  # what is left of it works on until the process is stopped

    def _wait(self, detail: str) -> None:
        """Say that it waits for its database: in the log each time that the detail changes."""
        reason = Reason(Cause.DATABASE_AWAY, detail)
        if reason != self.waits:
            logger.error("%s cannot begin yet: %s. %s", self._service, detail, reason.cause.value.action)
            self._tell(reason)

    def _tell(self, reason: Reason) -> None:
        """Say why it does not begin, in `/readyz` and in metrics."""
        self.waits = reason
        gauges.tell(self._service, [reason])
