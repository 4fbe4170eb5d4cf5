"""The group commit: units that wait together go to the database as one statement, one batch in flight.

The writer keeps what it was told: the head it left and the versions it was acknowledged. They spare a check; safety is in
the database (the lock, the primary key, the unique index).
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import orjson

from regesta.database import is_lost
from regesta.errors import Busy
from regesta.identity import uuid7
from regesta.unit import Appended, Conflict, KeyKnown, OtherTurn, Outcome, Unit

APPEND = """
SELECT head, at, refused FROM log.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""
BATCH_UNITS = 512
BATCH_EVENTS = 5_000
QUEUE_UNITS = 10_000
CACHED_VERSIONS = 100_000
RETRY_SECONDS = 0.1
RETRY_SECONDS_MOST = 2.0

# What is over by the next try: the transaction was rolled back, or something was locked.
PASSING = (asyncpg.TransactionRollbackError, asyncpg.ObjectNotInPrerequisiteStateError)
# ValueError: asyncpg's own, of a value that it cannot send.
DATA_ERRORS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
)

logger = logging.getLogger(__name__)


class DataRefused(Exception):
    """The database refuses the data of one unit; nothing of it is stored."""


@dataclass(slots=True)
class _Waiting:
    unit: Unit
    answer: asyncio.Future[Outcome]


class Writer:
    """Appends units of one process to its log. `run` is its task; when it ends, everything queued fails with it.

    trouble: why the database refuses everything; None while it does not.
    """

    def __init__(self, dsn: str, announce: Callable[[int], None]) -> None:
        self._dsn = dsn
        self._announce = announce
        self._holder = uuid7()
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._stopped: BaseException | None = None
        self.trouble: str | None = None
        self._known: int | None = None
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._connection: asyncpg.Connection | None = None

    async def append(self, unit: Unit) -> Outcome:
        """Queue a unit and return its outcome. Raises Busy when the queue is full or the writer has stopped."""
        if self._stopped is not None:
            raise Busy("the writer of this log has stopped", reason=str(self._stopped))
        if len(self._queue) >= QUEUE_UNITS:
            raise Busy("too many appends are waiting", waiting=len(self._queue))
        waiting = _Waiting(unit, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.answer

    async def run(self) -> None:
        """Send batch after batch until cancelled."""
        batch: list[_Waiting] = []
        try:
            while True:
                await self._wake.wait()
                batch = self._next_batch()
                if not self._queue:
                    self._wake.clear()
                await self._send(batch)
        except BaseException as error:
            self._stopped = error
            if not isinstance(error, asyncio.CancelledError):
                logger.critical("append: the writer stops, nothing more is recorded", exc_info=error)
            for waiting in [*batch, *self._queue]:
                if not waiting.answer.done():
                    waiting.answer.set_exception(Busy("the writer of this log has stopped", reason=str(error)))
            self._queue.clear()
            raise
        finally:
            if self._connection is not None:
                self._connection.terminate()

    def _next_batch(self) -> list[_Waiting]:
        """Take the units that may go together: no two touch one stream or one key, so each is judged by itself."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        touched: set[str | tuple[str, str]] = set()
        events = 0
        while self._queue and len(batch) < BATCH_UNITS and events < BATCH_EVENTS:
            waiting = self._queue.popleft()
            if waiting.answer.done():  # its caller went away
                continue
            mine: set[str | tuple[str, str]] = {*waiting.unit.expected}
            mine.update((use.subject, use.key) for use in waiting.unit.keys)
            if touched.isdisjoint(mine):
                batch.append(waiting)
                events += len(waiting.unit.events)
            else:
                later.append(waiting)
            touched |= mine
        self._queue.extendleft(reversed(later))
        return batch

    async def _send(self, batch: list[_Waiting]) -> None:
        """Send a batch until the database has answered; bisect it when its data is refused."""
        if not batch:
            return
        units = [waiting.unit for waiting in batch]
        try:
            outcomes = await self._insist(units)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if len(batch) == 1:
                _answer(batch[0], self._failure(error))
                return
            middle = len(batch) // 2
            await self._send(batch[:middle])
            await self._send(batch[middle:])
            return
        self.trouble = None
        for waiting, outcome in zip(batch, outcomes, strict=True):
            _answer(waiting, outcome)

    def _failure(self, error: asyncpg.PostgresError | asyncpg.InterfaceError) -> Exception:
        """Return what one unit's caller is told; only errors of its data are its own."""
        sqlstate = getattr(error, "sqlstate", None)
        if isinstance(error, DATA_ERRORS):
            return DataRefused(f"{type(error).__name__} {sqlstate}")
        logger.critical("append: the database refuses a unit", exc_info=error)
        self.trouble = f"the log cannot be written: {type(error).__name__}: {error}"
        return Busy("the log cannot be written now; /readyz says why", sqlstate=sqlstate)

    async def _insist(self, units: Sequence[Unit]) -> list[Outcome]:
        """Call the append function, again after a lost connection or a stale hint. Raises DATA_ERRORS."""
        pause = RETRY_SECONDS
        while True:
            hint = self._hint(units)
            try:
                return await self._call(units, hint)
            except asyncpg.UniqueViolationError:
                if hint is None:
                    raise
                self._forget(None)
            except Exception as error:
                # A connection lost after sending leaves the outcome unknown: the same units are recognised by their ids.
                if not is_lost(error) and not isinstance(error, PASSING):
                    raise
                logger.warning("append: sending again: %s", error)
                self._forget(None)
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)

    def _hint(self, units: Sequence[Unit]) -> int | None:
        """Return the head we left when every expected version is one we were acknowledged; else None."""
        for unit in units:
            written = {event.stream for event in unit.events}
            for stream, expected in unit.expected.items():
                cached = self._versions.get(stream)
                # A stream nobody wrote is protected by the unique index, but only if this unit writes it.
                if cached != expected and not (cached is None and expected == 0 and stream in written):
                    return None
        return self._known

    async def _call(self, units: Sequence[Unit], hint: int | None) -> list[Outcome]:
        if self._connection is None:
            self._connection = await asyncpg.connect(self._dsn)
        row = await self._connection.fetchrow(APPEND, hint, self._holder, *_columns(units))
        assert row is not None  # a function with OUT parameters gives exactly one row
        refused = {each["unit"]: each for each in orjson.loads(row["refused"] or b"[]")}
        return self._acknowledge(units, row["head"], refused)

    def _acknowledge(self, units: Sequence[Unit], head: int, refused: dict[int, dict[str, object]]) -> list[Outcome]:
        """Return the outcomes of a batch and remember what they acknowledge."""
        if head != self._known:
            self._forget(head)
        outcomes: list[Outcome] = []
        for number, unit in enumerate(units, start=1):
            if number in refused:
                outcomes.append(_refusal(unit, refused[number]))
                continue
            first = head + 1 if unit.events else 0
            head += len(unit.events)
            outcomes.append(Appended(first, head))
            self._remember(unit)
        if head != self._known:
            self._announce(head)
        self._known = head
        return outcomes

    def _remember(self, unit: Unit) -> None:
        self._versions.update(unit.expected)
        for event in unit.events:
            self._versions[event.stream] = event.version
        while len(self._versions) > CACHED_VERSIONS:
            self._versions.popitem(last=False)

    def _forget(self, head: int | None) -> None:
        self._known = head
        self._versions.clear()


def _answer(waiting: _Waiting, outcome: Outcome | Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(outcome, Exception):
        waiting.answer.set_exception(outcome)
    else:
        waiting.answer.set_result(outcome)


def _refusal(unit: Unit, refused: dict[str, object]) -> Outcome:
    match refused["status"]:
        case "same":
            first = refused["first"]
            assert isinstance(first, int)
            return Appended(first if unit.events else 0, first + max(len(unit.events) - 1, 0), same=True)
        case "key":
            return KeyKnown()
        case "turn":
            return OtherTurn()
        case _:
            stream, version = refused["stream"], refused["version"]
            assert isinstance(stream, str)
            assert isinstance(version, int)
            return Conflict(stream, version)


def _columns(units: Sequence[Unit]) -> tuple[list[int | str | bytes | UUID], ...]:
    """Return the arguments of log.append after the holder: one flat list per column."""
    checks = [(n, s, v) for n, unit in enumerate(units, start=1) for s, v in unit.expected.items()]
    events = [(n, event) for n, unit in enumerate(units, start=1) for event in unit.events]
    keys = []
    before = 0
    for n, unit in enumerate(units, start=1):
        keys += [(n, use, before + use.first + 1) for use in unit.keys]
        before += len(unit.events)
    return (
        [n for n, unit in enumerate(units, start=1) if unit.claim],
        [unit.id for unit in units],
        [n for n, _, _ in checks],
        [s for _, s, _ in checks],
        [v for _, _, v in checks],
        [n for n, _ in events],
        [e.stream for _, e in events],
        [e.version for _, e in events],
        [e.type for _, e in events],
        [e.meta for _, e in events],
        [e.data for _, e in events],
        [n for n, _, _ in keys],
        [use.subject for _, use, _ in keys],
        [use.key for _, use, _ in keys],
        [use.hash for _, use, _ in keys],
        [first for _, _, first in keys],
        [use.count for _, use, _ in keys],
    )
