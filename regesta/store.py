"""The log and the replicas in PostgreSQL: appends through one writer, reads through a pool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg
import orjson

from regesta.errors import Forked
from regesta.event import Recorded, Registry
from regesta.outage import addressing, reaching
from regesta.readers import ending
from regesta.unit import READ_BYTES, Fork, Gap, Head, KeyAnswer, Outcome, Unit, meta_text
from regesta.waking import Waking
from regesta.writer import STAND, Writer

COLUMNS = "position, stream, version, type, time, meta::text, data::text"
# A range on an index: a plan made while the table was empty stays an index scan. before: bytes of those before it.
READ = f"""
SELECT {COLUMNS} FROM (
    SELECT *, sum(octet_length(data::text)) OVER (
        ORDER BY {{number}} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before
    FROM {{log}} AND {{number}} > $1 AND {{number}} <= $1 + $2
) AS event WHERE before IS NULL OR before < {READ_BYTES} ORDER BY {{number}}
"""
READ_OWN = READ.format(log="log.events WHERE true", number="position")
READ_REPLICA = READ.format(log="log.replicas WHERE source = $3", number="position")
READ_STREAM = READ.format(log="log.events WHERE stream = $3", number="version")
READ_REPLICA_STREAM = READ.format(log="log.replicas WHERE stream = $3 AND source = $4", number="version")
READ_REPLICA_STREAMS = f"""
SELECT {COLUMNS} FROM unnest($2::text[]) AS wanted (name)
CROSS JOIN LATERAL (
    SELECT * FROM log.replicas WHERE source = $1 AND stream = wanted.name AND position <= $3 ORDER BY version
) AS event ORDER BY position
"""
READ_AT = f"SELECT {COLUMNS} FROM log.events WHERE position = ANY ($1::bigint[]) ORDER BY position"
READ_TAILS = f"""
SELECT {COLUMNS} FROM unnest($1::text[], $2::int[]) AS wanted (name, known)
CROSS JOIN LATERAL (
    SELECT * FROM log.events WHERE stream = wanted.name AND version > wanted.known ORDER BY version
) AS event ORDER BY position
"""
FIRST_OF = """
SELECT min(position) FROM log.events
WHERE position > $1 AND position <= $2 AND (type = $3 OR starts_with(type, $3 || '.v'))
"""
READ_KEYS = """
SELECT subject, key, hash, first, count, token
FROM unnest($1::text[], $2::text[]) AS wanted (subject, key) JOIN log.keys USING (subject, key)
"""
KNOWN = """
SELECT wanted.stream FROM unnest($2::text[]) AS wanted (stream)
WHERE EXISTS (SELECT FROM log.replicas AS r WHERE r.source = $1 AND r.stream = wanted.stream)
"""
# What a reader follows from a figure: single events of replicas, and the stream that one stands in.
READ_TAKEN_IN = f"""
SELECT source, {COLUMNS} FROM unnest($1::text[], $2::bigint[]) AS wanted (source, position)
JOIN log.replicas USING (source, position)
"""
HEAD_OWN = "SELECT position, time FROM log.events ORDER BY position DESC LIMIT 1"
HEAD_REPLICA = "SELECT head, log::text, time FROM log.sources WHERE source = $1"
NOTE_FORK = "SELECT log.note_fork($1, $2, $3, $4)"
REPLICATE = "SELECT log.replicate($1, $2, $3, $4, $5, $6, $7, $8, $9)"
# In one statement, so in one transaction. What came again moves the offset too, back at most to where that batch ends: what stands
# behind the head stands behind each such place, so events may be read again and none is left out.
REPLICATE_TO = f"""
WITH taken (head) AS ({REPLICATE})
INSERT INTO bus.offsets AS known (source, position, "offset") SELECT $1, head, $10 FROM taken
ON CONFLICT (source) DO UPDATE SET position = excluded.position, "offset" = excluded."offset"
RETURNING position
"""
# Of the replica as it is: it may have been cut back, or extended over another carrier.
OFFSET = """
SELECT "offset" FROM bus.offsets AS known JOIN log.sources USING (source) WHERE source = $1 AND position = head
"""


def columns_of(events: Sequence[Recorded]) -> list[list[object]]:
    """Return events of another log as the functions of the log take them, column by column."""
    _, positions, streams, versions, times, types, datas, _, _, *meta = zip(*events, strict=True)
    metas = [meta_text(*each) for each in zip(*meta, strict=True)]
    return [list(column) for column in (positions, streams, versions, types, times, metas, datas)]


async def _keep(_connection: object) -> None:
    """Leave a connection as it is when it is given back: nothing here changes its session, and resetting costs a round trip."""


class PostgresStore:
    """The store of one service in its own database. Open it with `async with`. tasks: they end only when it is closed."""

    def __init__(self, service: str, dsn: str, registry: Registry, *, pool_size: int = 8) -> None:
        self.service = service
        self._dsn = dsn
        self.registry = registry
        self._pool_size = pool_size
        self._logs: dict[str, str] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._turned: list[Callable[[], Awaitable[None]]] = [self._learn_ids]
        self._waking = Waking(dsn, service, self.head, self.turn)
        self._writer = Writer(dsn, self._waking.announce, service)

    async def __aenter__(self) -> Self:
        with reaching(self._dsn):
            await self._open()
        self.tasks = [asyncio.create_task(self._writer.run(), name="writer"), *self._waking.start()]
        return self

    async def _open(self) -> None:
        with addressing():
            self.pool = await asyncpg.create_pool(
                self._dsn,
                min_size=1,
                max_size=self._pool_size,
                reset=_keep,
                # A plan made while a table was empty, as after its first vacuum, stays: a sequential scan of millions of rows.
                server_settings={"enable_seqscan": "off"},
            )
        try:
            await self.pool.execute(STAND)
            await self._learn_ids()
        except BaseException:
            self.pool.terminate()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.pool.close()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be appended (see Store)."""
        return self._writer.trouble

    @property
    def waiting(self) -> int:
        """How many units wait (see Store)."""
        return self._writer.waiting

    async def append(self, unit: Unit) -> Outcome:
        """Append a unit (see Store)."""
        await self._free.wait()
        return await self._writer.append(unit)

    def hold(self) -> None:
        """Let appends wait until they are let go: it is being asked whether the log is whole."""
        self._free.clear()

    def let_go(self) -> None:
        """Let appends go on."""
        self._free.set()

    async def read(self, source: str, after: int, limit: int) -> list[Recorded]:
        """Return the next events of a log (see Store)."""
        if source == self.service:
            rows = await self._rows(READ_OWN, after, limit)
            return [self._recorded(source, self._log, row) for row in rows]
        rows = await self._rows(READ_REPLICA, after, limit, source)
        log = await self._log_of(source) if rows else ""
        return [self._recorded(source, log, row) for row in rows]

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return events by position (see Store)."""
        rows = await self._rows(READ_AT, positions)
        return [self._recorded(self.service, self._log, row) for row in rows]

    async def tails(self, after: Mapping[str, int]) -> dict[str, list[Recorded]]:
        """Return the tails of streams (see Store)."""
        rows = await self._rows(READ_TAILS, list(after), list(after.values()))
        tails: dict[str, list[Recorded]] = {stream: [] for stream in after}
        for row in rows:
            tails[row["stream"]].append(self._recorded(self.service, self._log, row))
        return tails

    async def known(self, source: str, streams: Sequence[str]) -> set[str]:
        """Return which streams a replica holds (see Store)."""
        return {row["stream"] for row in await self._rows(KNOWN, source, streams)}

    async def taken_in(self, names: Sequence[tuple[str, int]]) -> list[Recorded]:
        """Return single events of replicas (see Store)."""
        sources, positions = [name[0] for name in names], [name[1] for name in names]
        rows = await self._rows(READ_TAKEN_IN, sources, positions)
        logs = {source: await self._log_of(source) for source in {row["source"] for row in rows}}
        return [self._recorded(source, logs[source], row) for source, *row in rows]

    async def streams(self, source: str, names: Sequence[str], until: int) -> dict[str, list[Recorded]]:
        """Return streams of a replica (see Store)."""
        rows = await self._rows(READ_REPLICA_STREAMS, source, names, until)
        log = await self._log_of(source) if rows else ""
        found: dict[str, list[Recorded]] = {name: [] for name in names}
        for row in rows:
            found[row["stream"]].append(self._recorded(source, log, row))
        return found

    async def of_stream(self, source: str, stream: str, after: int, limit: int) -> list[Recorded]:
        """Return the events of a stream (see Store)."""
        if source == self.service:
            rows = await self._rows(READ_STREAM, after, limit, stream)
            return [self._recorded(source, self._log, row) for row in rows]
        rows = await self._rows(READ_REPLICA_STREAM, after, limit, stream, source)
        log = await self._log_of(source) if rows else ""
        return [self._recorded(source, log, row) for row in rows]

    async def head(self, source: str) -> Head:
        """Return how far a log reaches (see Store)."""
        if source == self.service:
            rows = await self._rows(HEAD_OWN)
            return Head(rows[0]["position"], self._log, rows[0]["time"]) if rows else Head(0, self._log, None)
        rows = await self._rows(HEAD_REPLICA, source)
        if not rows:
            return Head(0, None, None)
        return Head(rows[0]["head"], rows[0]["log"], rows[0]["time"] if rows[0]["head"] else None)

    async def position_before(self, source: str, moment: datetime) -> int:
        """Return the last position before a moment (see Store)."""
        own = source == self.service
        ((position,),) = await self._rows("SELECT log.position_before($1, $2)", None if own else source, moment)
        return int(position)

    async def first_of(self, kind: str, after: int, until: int) -> int | None:
        """Return the first position of an event of a type (see Store)."""
        ((position,),) = await self._rows(FIRST_OF, after, until, kind)
        return None if position is None else int(position)

    async def keys(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], KeyAnswer]:
        """Return what command keys stand for (see Store)."""
        rows = await self._rows(READ_KEYS, [subject for subject, _ in names], [key for _, key in names])
        return {
            (subject, key): KeyAnswer(hashed, range(first, first + count), token)
            for subject, key, hashed, first, count, token in rows
        }

    async def replicate(self, log: str, events: Sequence[Recorded], offset: int | None = None) -> int:
        """Extend a replica (see Store)."""
        source = events[0].source
        statement, also = (REPLICATE, ()) if offset is None else (REPLICATE_TO, (offset,))
        try:
            ((head,),) = await self._rows(statement, source, UUID(log), *columns_of(events), *also)
        except asyncpg.PostgresError as error:
            raise _replica_error(source, log, error) from error
        self._waking.arrived(source, head)
        return int(head)

    async def offset(self, source: str) -> int | None:
        """Return where a source's topic goes on (see Store)."""
        rows = await self._rows(OFFSET, source)
        return int(rows[0]["offset"]) if rows else None

    async def wait(self, source: str, after: int, timeout_seconds: float) -> bool:
        """Wait for more events (see Store)."""
        return await self._waking.wait(source, after, timeout_seconds)

    async def note_fork(self, source: str, fork: Fork | None) -> None:
        """Keep where a source differs (see Store)."""
        values = (None, 0, None) if fork is None else (UUID(fork.log), fork.common, fork.reason)
        await self.pool.execute(NOTE_FORK, source, *values)

    def on_turn(self, then: Callable[[], Awaitable[None]]) -> None:
        """Call this whenever the own log or a replica may have become one with another id, or end earlier than it did."""
        self._turned.append(then)

    async def turn(self) -> None:
        """Look anew at what may have become another; this process does so by itself soon, the caller can not wait."""
        for then in self._turned:
            await then()

    async def _rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Ask what may be asked again; a connection that hangs is given up (see `ending`)."""
        async with ending(await self.pool.acquire(), self.pool) as db:
            return await db.fetch(statement, *values)

    async def _learn_ids(self) -> None:
        ((log,),) = await self._rows("SELECT log FROM log.identity")
        self._log = str(log)
        self._logs.clear()

    async def _log_of(self, source: str) -> str:
        """Return the id of the log that a replica is of, asked once until it may have become another."""
        if source not in self._logs:
            ((log,),) = await self._rows("SELECT log FROM log.sources WHERE source = $1", source)
            self._logs[source] = str(log)
        return self._logs[source]

    def _recorded(self, source: str, log: str, row: Iterable[Any]) -> Recorded:
        position, stream, version, kind, time, meta, data = row
        return Recorded(source, position, stream, version, time, kind, data, log, self.registry, **orjson.loads(meta))


def _replica_error(source: str, log: str, error: asyncpg.PostgresError) -> Exception:
    """Return what a refusal of log.replicate means; the error itself when it is another."""
    if error.sqlstate == "RG412":
        return Gap(int(error.detail or 0))
    if error.sqlstate == "RG409":
        return Forked(error.args[0], source=source, position=int(error.detail or 0), log=log)
    return error
