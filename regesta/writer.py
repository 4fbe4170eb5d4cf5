"""The group commit: units that wait together go to the database as one statement, one batch in flight.

The writer keeps what it was told: the head it left and the versions it was acknowledged. They spare a check; safety is in
the database (the lock, the primary key, the unique index).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from uuid import UUID

import asyncpg
import orjson

from regesta.errors import Busy, DiskFull, LogBehind, OutcomeUnknown
from regesta.identity import uuid7
from regesta.outage import is_lost, passes, public
from regesta.signals import (
    APPEND_DURATION,
    APPEND_EVENTS,
    APPEND_REFUSED,
    APPEND_RETRIES,
    APPEND_UNITS,
    SERVICE,
    STATUS,
)
from regesta.telemetry import counter, histogram
from regesta.unit import Appended, Conflict, DataRefused, KeyKnown, OtherTurn, Outcome, Unit

# As one value: as columns PostgreSQL would keep them like rows of a table first.
APPEND = f"SELECT log.append({', '.join(f'${n}' for n in range(1, 19))})"
STAND = "SELECT log.stand()"
WRITTEN = "SELECT stream FROM log.events WHERE position > $1 AND position <= $2"
# So many of others are looked at one by one, here and in log.append.
FEW_EVENTS = 512
# Stands between the values of a column; JSON escapes it, so only a name or a key could hold it.
SEPARATOR = "\x1e"
BATCH_UNITS = 512
BATCH_EVENTS = 5_000
QUEUE_UNITS = 10_000
CACHED_VERSIONS = 100_000
RETRY_SECONDS = 0.1
RETRY_SECONDS_MOST = 2.0
# How often it is tried whether a full disk has room again.
PROBE_SECONDS = 2.0
# The log is closed: it lacks events, see regesta.recovery.
CLOSED = "RG503"

# What is over by the next try: the transaction was rolled back, or something was locked.
MOMENTARY = (asyncpg.TransactionRollbackError, asyncpg.ObjectNotInPrerequisiteStateError)
# ValueError: asyncpg's own, of a value that it cannot send.
DATA_ERRORS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
)

# Sending the same again does not mend these; half of it may do.
NOT_AGAIN = (
    asyncpg.DiskFullError,
    asyncpg.QueryCanceledError,
    asyncpg.OutOfMemoryError,
    asyncpg.ConfigurationLimitExceededError,
)
# As long as it takes a server to start again nobody need hear of it.
SILENT_SECONDS = 5.0

logger = logging.getLogger(__name__)
durations, sizes, counts = histogram(APPEND_DURATION), histogram(APPEND_EVENTS), histogram(APPEND_UNITS)
refusals, retries = counter(APPEND_REFUSED), counter(APPEND_RETRIES)


@dataclass(slots=True)
class _Waiting:
    unit: Unit
    answer: asyncio.Future[Outcome]


class Writer:
    """Appends units of one process to its log. `run` is its task; when it ends, everything queued fails with it.

    trouble: why the database refuses everything; None while it does not, which is tried now and then.
    """

    def __init__(self, dsn: str, announce: Callable[[int], None], service: str) -> None:
        self._dsn = dsn
        self._labels = {SERVICE: service}
        self._announce = announce
        self._holder = uuid7()
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._stopped: BaseException | None = None
        self.trouble: str | None = None
        self._refused: Unit | None = None
        self._known: int | None = None
        self._versions: dict[str, int] = {}
        self._connection: asyncpg.Connection | None = None

    @property
    def waiting(self) -> int:
        """How many units are not sent yet."""
        return len(self._queue)

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
                await self._woken()
                batch = self._next_batch()
                if not self._queue:
                    self._wake.clear()
                await self._send(batch)
        except BaseException as error:
            self._stopped = error
            if not isinstance(error, asyncio.CancelledError):
                logger.critical("append: the writer stops, nothing more is recorded", exc_info=error)
            for waiting in batch:
                _answer(waiting, OutcomeUnknown("the writer of this log has stopped; this may be recorded"))
            for waiting in self._queue:
                _answer(waiting, Busy("the writer of this log has stopped", reason=str(error)))
            self._queue.clear()
            raise
        finally:
            if self._connection is not None:
                self._connection.terminate()

    async def _woken(self) -> None:
        """Return when there is something to send; meanwhile look whether the log can be written again."""
        while self._refused is not None:
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                await self._probe(self._refused)
            else:
                return
        await self._wake.wait()

    async def _probe(self, unit: Unit) -> None:
        """Append the unit that was refused and take it back; the log can be written again when that works."""
        try:
            connection = await self._connected()
            trial = connection.transaction()
            await trial.start()
            try:
                await connection.execute(APPEND, None, self._holder, *columns([unit]))
            finally:
                await trial.rollback()
        except Exception as error:
            if not passes(error):
                raise
            logger.info("append: still refused: %s", error)
            self._disconnect(error)
        else:
            logger.warning("append: the log can be written again")
            self.trouble = self._refused = None

    def _next_batch(self) -> list[_Waiting]:
        """Take the units that may go together: no two touch one stream or one key, so each is judged by itself."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        streams: set[str] = set()
        keys: set[tuple[str, str]] = set()
        events = 0
        while self._queue and len(batch) < BATCH_UNITS and events < BATCH_EVENTS:
            waiting = self._queue.popleft()
            if waiting.answer.done():  # its caller went away
                continue
            unit = waiting.unit
            mine = [(use.subject, use.key) for use in unit.keys]
            if streams.isdisjoint(unit.expected) and keys.isdisjoint(mine):
                batch.append(waiting)
                events += len(unit.events)
            else:
                later.append(waiting)
            streams.update(unit.expected)
            keys.update(mine)
        self._queue.extendleft(reversed(later))
        return batch

    async def _send(self, batch: list[_Waiting]) -> None:
        """Send a batch until the database has answered; bisect it when its data is refused."""
        if not batch:
            return
        units = [waiting.unit for waiting in batch]
        began = perf_counter()
        try:
            outcomes = await self._insist(units)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if len(batch) == 1 or _refuses_all(error):
                for waiting in batch:
                    _answer(waiting, self._failure(error, waiting.unit))
                return
            middle = len(batch) // 2
            await self._send(batch[:middle])
            await self._send(batch[middle:])
            return
        self.trouble = self._refused = None
        durations.record(perf_counter() - began, self._labels)
        counts.record(len(units), self._labels)
        sizes.record(sum(len(unit.events) for unit in units), self._labels)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            _answer(waiting, outcome)

    def _failure(self, error: asyncpg.PostgresError | asyncpg.InterfaceError, unit: Unit) -> Exception:
        """Return what one unit's caller is told; only errors of its data are its own."""
        sqlstate = getattr(error, "sqlstate", None)
        if isinstance(error, DATA_ERRORS):
            return DataRefused(f"{type(error).__name__} {sqlstate}")
        if sqlstate == CLOSED:
            return LogBehind("the log lacks events; /readyz says what to do")
        if isinstance(error, asyncpg.DiskFullError):
            if self._refused is None:
                logger.critical("append: no space is left for the log: %s", error)
            self._refused, self.trouble = (
                unit,
                f"no space is left for the log: {public(error)}; make room on PostgreSQL's disk",
            )
            return DiskFull("PostgreSQL has no space left for the log; nothing was recorded")
        logger.critical("append: the database refuses a unit", exc_info=error)
        self._refused, self.trouble = unit, f"the log cannot be written: {public(error)}"
        return Busy("the log cannot be written now; /readyz says why", sqlstate=sqlstate)

    async def _insist(self, units: Sequence[Unit]) -> list[Outcome]:
        """Call the append function, again after a lost connection or a stale hint. Raises DATA_ERRORS."""
        pause, began = RETRY_SECONDS, perf_counter()
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
                if isinstance(error, NOT_AGAIN) or not (is_lost(error) or isinstance(error, MOMENTARY)):
                    raise
                logger.warning("append: sending again: %s", error)
                if perf_counter() - began > SILENT_SECONDS:
                    self.trouble = f"the log has not answered for some time: {public(error)}"
                retries.add(1, self._labels)
                self._disconnect(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)

    def _hint(self, units: Sequence[Unit]) -> int | None:
        """Return the head we left when every expected version is one we were acknowledged; else None."""
        versions = self._versions
        for unit in units:
            for stream, expected in unit.expected.items():
                cached = versions.get(stream)
                # A stream nobody wrote is protected by the unique index, but only if this unit begins it.
                if cached != expected and (cached is not None or expected != 0 or not unit.begins(stream)):
                    return None
        return self._known

    async def _call(self, units: Sequence[Unit], hint: int | None) -> list[Outcome]:
        connection = await self._connected()
        head, _, found = await connection.fetchval(APPEND, hint, self._holder, *columns(units))
        refused = {UUID(each["unit"]): each for each in orjson.loads(found or b"[]")}
        if head != self._known:
            await self._learn(connection, head)
        return self._acknowledge(units, head, refused)

    async def _learn(self, connection: asyncpg.Connection, head: int) -> None:
        """Forget what others may have made untrue between the head that was known and this one."""
        if self._known is None or not 0 < head - self._known <= FEW_EVENTS:
            self._forget(head)
            return
        try:
            written = await connection.fetch(WRITTEN, self._known, head)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            logger.warning("append: what others wrote cannot be read, so all is forgotten: %s", error)
            self._forget(head)
            return
        for row in written:
            self._versions.pop(row["stream"], None)
        self._known = head

    async def _connected(self) -> asyncpg.Connection:
        """Return the connection; before a new one appends it is noted where the log is, which may have been restored meanwhile."""
        if self._connection is None:
            # A plan made while the table was small would stay (see store.PostgresStore).
            connection = await asyncpg.connect(self._dsn, server_settings={"enable_seqscan": "off"})
            try:
                await connection.execute(STAND)
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self, error: Exception) -> None:
        """Give up the connection and what was learned over it, unless the error leaves it as good as it was."""
        if self._connection is not None and not isinstance(error, asyncpg.DiskFullError):
            self._connection.terminate()
            self._connection = None
            self._forget(None)

    def _acknowledge(self, units: Sequence[Unit], head: int, refused: dict[UUID, dict[str, object]]) -> list[Outcome]:
        """Return the outcomes of a batch and remember what they acknowledge."""
        outcomes: list[Outcome] = []
        for unit in units:
            if refused and unit.id in refused:
                outcomes.append(_refusal(unit, refused[unit.id]))
                refusals.add(1, {**self._labels, STATUS: str(refused[unit.id]["status"])})
                continue
            first = head + 1 if unit.events else 0
            head += len(unit.events)
            outcomes.append(Appended(first, head))
            self._remember(unit)
        self._evict()
        if head != self._known:
            self._announce(head)
        self._known = head
        return outcomes

    def _remember(self, unit: Unit) -> None:
        self._versions.update(unit.expected)
        for event in unit.events:
            self._versions[event.stream] = event.version

    def _evict(self) -> None:
        """Forget the streams that came first."""
        beyond = len(self._versions) - CACHED_VERSIONS
        for stream in [*islice(self._versions, max(beyond, 0))]:
            del self._versions[stream]

    def _forget(self, head: int | None) -> None:
        self._known = head
        self._versions.clear()


def _refuses_all(error: Exception) -> bool:
    """Return whether an error is of the log, and not of one unit in a batch."""
    return isinstance(error, asyncpg.DiskFullError) or getattr(error, "sqlstate", None) == CLOSED


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


def columns(units: Sequence[Unit]) -> list[str]:
    """Return the arguments of log.append after the holder, each a joined column."""
    claims: list[str] = []
    events: list[tuple[str, str, str, str, str, str]] = []
    checks: list[tuple[str, str, str]] = []
    keys: list[tuple[str, str, str, str, str, str]] = []
    for unit in units:
        unit_id = unit.id.hex
        if unit.claim:
            claims.append(unit_id)
        for use in unit.keys:
            first = str(len(events) + use.first + 1)
            keys.append((unit_id, use.subject, use.key, use.hash.hex(), first, str(use.count)))
        events += [(unit_id, e.stream, str(e.version), e.type, e.meta, e.data) for e in unit.events]
        checks += [(unit_id, stream, str(version)) for stream, version in unit.unimplied()]
    return [_joined(claims), *_transposed(events, 6), *_transposed(checks, 3), *_transposed(keys, 6)]


def _transposed(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    return [_joined(column) for column in zip(*rows, strict=True)] if rows else [""] * width


def _joined(values: Sequence[str]) -> str:
    """Return a column as log.split takes it apart: a driver's array costs three times as much on both sides (ADR 12)."""
    text = SEPARATOR.join(values)
    if text.count(SEPARATOR) >= max(len(values), 1):
        raise asyncpg.CharacterNotInRepertoireError("the character U+001E cannot be stored")
    return text
