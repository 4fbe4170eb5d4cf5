"""A synchronous standby takes over from a server that is lost: nothing that was acknowledged is missing, nothing doubled."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.embedded import Embedded
from regesta.bus import Offer
from regesta.recovery import Recovered, Recovery, read_closed
from regesta.store import PostgresStore
from regesta.suites import new_event, new_unit
from regesta.unit import Appended
from tests.conftest import execute
from tests.faults.test_crash import prepare, rows
from tests.faults.test_point_in_time import LOG, base_backup, copied, give, promoted
from tests.regesta.jars import REGISTRY

CALLERS = 8
STANDBY = "second"
SYNCHRONOUS = f"SELECT sync_state = 'quorum' FROM pg_stat_replication WHERE application_name = '{STANDBY}'"


@dataclass
class Servers:
    """The server that is lost, and its standby. stack: closes what runs."""

    folder: Path
    stack: ExitStack
    first: Embedded = field(init=False)
    standby: Embedded = field(init=False)

    async def start(self) -> None:
        """Start both; every commit waits for both."""
        cluster, copy = self.folder / "first" / "postgres", self.folder / "second" / "postgres"
        self.first = self.stack.enter_context(Embedded(cluster.parent))
        await prepare(self.first)
        with (cluster / "pg_hba.conf").open("a") as access:
            access.write("local replication postgres scram-sha-256\n")
        await execute(self.first.admin_dsn, "SELECT pg_reload_conf()")
        copy.parent.mkdir()
        await base_backup(self.first, cluster, copy)
        with (copy / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{self.first.admin_dsn}&application_name={STANDBY}'\n")
        (copy / "standby.signal").touch()
        copy.chmod(0o700)
        shutil.copy(cluster.parent / "secrets.json", copy.parent / "secrets.json")
        give(copy, cluster)
        self.standby = self.stack.enter_context(Embedded(copy.parent))
        await execute(self.first.admin_dsn, f"ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 ({STANDBY})'")
        await execute(self.first.admin_dsn, "SELECT pg_reload_conf()")
        async with asyncio.timeout(30):
            while not any(row[0] for row in await rows(self.first.admin_dsn, SYNCHRONOUS)):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)

    @property
    def either(self) -> str:
        """The address of whichever of them can be written."""
        (first,), (second,) = (
            parse_qs(urlsplit(each.dsn("jars")).query)["host"] for each in (self.first, self.standby)
        )
        return f"{self.first.dsn('jars').partition('?')[0]}?host={first},{second}&target_session_attrs=read-write"

    async def promote(self) -> None:
        """Let the standby take over."""
        await execute(self.standby.admin_dsn, "SELECT pg_promote()")
        await promoted(self.standby)


@pytest.fixture
def servers(short_folder: Path) -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(dir=short_folder))
    with ExitStack() as stack:
        yield Servers(folder, stack)


@dataclass
class Told:
    """What callers were told is at which position, and how often they were told otherwise."""

    positions: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    stop: bool = False

    async def call(self, store: PostgresStore, caller: int) -> None:
        """Append one event after the other, each until it is acknowledged."""
        number = 0
        while not self.stop:
            stream, number = f"caller{caller}/{number}", number + 1
            unit = new_unit(new_event(stream, 1))
            while stream not in self.positions:
                try:
                    outcome = await store.append(unit)
                except Exception:  # noqa: BLE001 - whatever it is, the caller asks again
                    self.refused += 1
                    await asyncio.sleep(0.05)
                else:
                    assert isinstance(outcome, Appended)
                    self.positions[stream] = outcome.first

    async def more(self, count: int) -> None:
        """Return once so many more are acknowledged."""
        wanted = len(self.positions) + count
        async with asyncio.timeout(60):
            while len(self.positions) < wanted:  # noqa: ASYNC110 - counted by several
                await asyncio.sleep(0.01)


async def test_a_standby_that_takes_over_has_all_that_was_acknowledged(servers: Servers) -> None:
    await servers.start()
    told = Told()
    async with PostgresStore("jars", servers.either, REGISTRY, pool_size=4) as store, asyncio.TaskGroup() as callers:
        for caller in range(CALLERS):
            callers.create_task(told.call(store, caller))
        await told.more(200)
        consumer = await copied(store)
        await told.more(500)
        await asyncio.to_thread(servers.first.stop_immediate)
        acknowledged = dict(told.positions)
        await servers.promote()
        found = {row["stream"]: row["position"] for row in await rows(servers.standby.dsn("jars"), LOG)}
        assert acknowledged.items() <= found.items()
        assert sorted(found.values()) == list(range(1, len(found) + 1))

        # The database cannot know that its standby was synchronous: the log stays closed until its consumers were asked.
        async with asyncio.timeout(30):
            while await read_closed(store.pool) is None:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
        log = str((await store.head("jars")).log)
        opened = await Recovery(store, {"shelves": Offer(consumer, "jars")}).step("operator")
        assert opened == Recovered("open", log, len(found), len(found))
        await told.more(200)
        told.stop = True
    after = [(row["stream"], row["position"]) for row in await rows(servers.standby.dsn("jars"), LOG)]
    assert told.refused > 0
    assert dict(after) == told.positions
    assert len(after) == len(told.positions)
    assert [position for _, position in after] == list(range(1, len(after) + 1))


async def test_nothing_is_acknowledged_while_the_standby_is_away(servers: Servers) -> None:
    await servers.start()
    async with PostgresStore("jars", servers.either, REGISTRY, pool_size=4) as store:
        assert await store.append(new_unit(new_event("a/1", 1))) == Appended(1, 1)
        servers.standby.stop_immediate()
        late = asyncio.create_task(store.append(new_unit(new_event("b/1", 1))))
        done, _ = await asyncio.wait([late], timeout=1)
        assert not done
        servers.standby.start()
        async with asyncio.timeout(30):
            assert await late == Appended(2, 2)
