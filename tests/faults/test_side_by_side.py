"""Two releases run side by side on one database while it is migrated: nothing fails, nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import httpx2
import pytest

from regesta.event import Recorded
from regesta.store import PostgresStore
from tests.conftest import Database, FreshDatabase
from tests.regesta import later
from tests.regesta.serving import ISSUER, Issuer, migrated, until

OLDER, LATER = "tests.faults.service", "tests.regesta.later"
USERS = 4
# The older release alone, while it is migrated, both, the later one alone.
ALONE_SECONDS, BOTH_SECONDS = 1.0, 4.0
JAR_FILLS = 6
# Of a fill that a reaction labels.
LARGE = 900
CHECKPOINTS = (
    "SELECT version, position, unknown, parked, failure FROM projections.checkpoints WHERE projection = 'levels'"
)
SUMS = "SELECT jar, amount FROM levels_v2.levels WHERE to_position IS NULL"


@dataclass
class Told:
    """What users were told. filled: the event of each fill by jar and reference; answers: by release, status and problem."""

    filled: dict[tuple[str, str], str] = field(default_factory=dict)
    amounts: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, int, str]] = field(default_factory=Counter)


class User:
    """Fills jars, one after the other, and looks at what is in them. What is answered 503 is tried again, as it asks for.

    serving: the clients of the releases that serve now, by module; each request goes to one of them, whichever.
    """

    def __init__(self, number: int, serving: Mapping[str, httpx2.AsyncClient], told: Told) -> None:
        self._number, self._serving, self._told = number, serving, told
        self._chance = random.Random(number)  # noqa: S311 - nothing secret
        self.stop = False

    async def run(self) -> None:
        for turn in count():
            jar, large = f"u{self._number}-{turn // JAR_FILLS}", turn % JAR_FILLS == 0
            await self._fill(jar, f"r{turn}", LARGE if large else 1)
            if self.stop:
                return

    async def _fill(self, jar: str, ref: str, amount: int) -> None:
        body, key = {"amount": amount}, {"Idempotency-Key": f"{jar} {ref}"}
        while True:
            answer = await self._ask("PUT", f"/jars/{jar}/fills/{ref}", body, key)
            if answer.status_code == 201:
                break
            await asyncio.sleep(0.02)
        (event,) = answer.json()["events"]
        self._told.filled[f"jar/{jar}", ref] = event
        self._told.amounts[f"jar/{jar}"] += amount
        await self._ask("GET", f"/levels/{jar}")

    async def _ask(
        self, method: str, path: str, body: Mapping[str, int] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        release, http = self._chance.choice(list(self._serving.items()))
        answer = await http.request(method, path, json=body, headers=headers)
        problem = answer.json().get("type", "").rpartition("/")[2]
        self._told.answers[release, answer.status_code, problem] += 1
        return answer


@dataclass(frozen=True)
class Place:
    """Where the processes of a test run."""

    database: Database
    issuer: Issuer
    folder: Path

    def environment(self, port: int) -> Mapping[str, str]:
        return os.environ | {
            "REGESTA_DATABASE_URL": self.database.dsn,
            "REGESTA_OWNER_URL": self.database.owner_dsn,
            "REGESTA_ISSUER": ISSUER,
            "REGESTA_JWKS": str(self.issuer.jwks),
            "REGESTA_PORT": str(port),
            "REGESTA_POOL_SIZE": "4",
        }

    async def run(self, release: str, *arguments: str) -> tuple[int | None, str, str]:
        """Return how a process ended, and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", release, *arguments, env=self.environment(0), stdout=PIPE, stderr=PIPE
        )
        out, error = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), error.decode()

    def log(self, release: str) -> list[dict[str, str]]:
        """Return what a process logged."""
        return [json.loads(line) for line in (self.folder / release).read_text().splitlines()]

    @asynccontextmanager
    async def serving(self, release: str) -> AsyncIterator[tuple[httpx2.AsyncClient, Process]]:
        """Run a process of a release; it is told to stop at the end."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
        with (self.folder / release).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", release, "all", env=self.environment(port), stderr=log
            )
        headers = {"Authorization": f"Bearer {self.issuer.token()}"}
        url = f"http://127.0.0.1:{port}/jars/v1"
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as http:

            async def ready() -> bool:
                assert process.returncode is None, self.log(release)
                try:
                    return (await http.get("/readyz")).status_code == 200
                except httpx2.HTTPError:
                    return False

            try:
                await until(ready, 60)
                yield http, process
            finally:
                if process.returncode is None:
                    process.terminate()
                await asyncio.wait_for(process.wait(), 30)


@pytest.fixture
async def place(fresh_database: FreshDatabase, tmp_path: Path) -> Place:
    """Return a database of the older release, and a folder for logs."""
    return Place(await migrated(await fresh_database("jars")), Issuer(tmp_path), tmp_path)


async def side_by_side(place: Place, told: Told) -> None:
    """Upgrade under load: migrate, start the later release, stop the older one."""
    serving: dict[str, httpx2.AsyncClient] = {}
    users = [User(number, serving, told) for number in range(USERS)]
    async with AsyncExitStack() as later_one:
        async with place.serving(OLDER) as (older_http, older):
            serving[OLDER] = older_http
            tasks = [asyncio.create_task(user.run()) for user in users]
            await asyncio.sleep(ALONE_SECONDS)
            migrated_to = await place.run(LATER, "migrate")
            assert migrated_to[:2] == (0, "0002_gold.sql\n"), migrated_to
            serving[LATER], _ = await later_one.enter_async_context(place.serving(LATER))
            await asyncio.sleep(BOTH_SECONDS)
            assert (await older_http.get("/readyz")).status_code == 200
            assert older.returncode is None
            del serving[OLDER]
            await asyncio.sleep(1)  # what was asked of it is answered
        await asyncio.sleep(ALONE_SECONDS)
        for user in users:
            user.stop = True
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
        await caught_up(place.database)


async def caught_up(database: Database) -> None:
    """Return once the later release has folded and reacted to everything."""
    admin = await asyncpg.connect(database.admin_dsn)
    behind = """
        SELECT count(*) FROM projections.checkpoints WHERE position < (SELECT max(position) FROM log.events)
        AND (projection, version) <> ('levels', 1)
    """
    try:

        async def there() -> bool:
            return not await admin.fetchval(behind)

        await until(there, 30)
    finally:
        await admin.close()


async def recorded(database: Database) -> list[Recorded]:
    async with PostgresStore("jars", database.dsn, later.REGISTRY) as store:
        events: list[Recorded] = []
        while batch := await store.read("jars", len(events), 5000):
            events += batch
        return events


def filling(recorded: Recorded) -> later.JarFilled:
    assert isinstance(recorded.event, later.JarFilled)
    return recorded.event


async def test_nothing_fails_or_is_lost_while_two_releases_run_side_by_side(place: Place) -> None:
    told = Told()
    await side_by_side(place, told)
    # Nobody was told anything but yes, or to ask the later release.
    kinds = {(release, status, problem) for release, status, problem in told.answers}
    assert kinds == {
        (OLDER, 200, ""), (OLDER, 201, ""), (OLDER, 503, "later-release"), (LATER, 200, ""), (LATER, 201, ""),
    }, told.answers  # fmt: skip

    log = await recorded(place.database)
    fills = {each.name: each for each in log if each.type.startswith("jar-filled.")}
    assert Counter(each.type for each in fills.values()).keys() == {"jar-filled.v1", "jar-filled.v3"}
    # Both recorded after the other one began: side by side, not one after the other.
    first_later = min(each.position for each in fills.values() if each.type == "jar-filled.v3")
    assert max(each.position for each in fills.values() if each.type == "jar-filled.v1") > first_later
    # What was acknowledged is what is recorded, each once.
    as_told = {(each.stream, filling(each).ref): name for name, each in fills.items()}
    assert as_told == told.filled
    assert len(fills) == len(told.filled)
    # Each large fill was reacted to once, whichever release recorded it and whichever saw it.
    large = sorted(name for name, each in fills.items() if filling(each).coins == LARGE)
    assert sorted(each.cause or "" for each in log if each.type == "jar-labelled.v1") == large

    connection = await asyncpg.connect(place.database.dsn)
    try:
        assert {row["jar"]: row["amount"] for row in await connection.fetch(SUMS)} == told.amounts
        older, newer = sorted(tuple(row) for row in await connection.fetch(CHECKPOINTS))
    finally:
        await connection.close()
    # The older read model went on, and counted what it could not read.
    assert older[0] == 1
    assert older[2] > 0
    assert older[3:] == (0, None)
    assert newer == (2, len(log), 0, 0, None)
    for release in (OLDER, LATER):
        assert [each for each in place.log(release) if each["level"] in {"ERROR", "CRITICAL"}] == []


async def test_a_release_whose_migration_fails_leaves_the_older_one_running(place: Place) -> None:
    """The migration of the later release meets a schema of its name, half-way: it is named, nothing of it stays, and the next goes on.

    A process of the later release waits for that, and then runs.
    """

    async def waits() -> bool:
        return "migrate first" in (place.folder / LATER).read_text()

    admin, stack = await asyncpg.connect(place.database.admin_dsn), AsyncExitStack()
    try:
        async with stack, place.serving(OLDER) as (http, _):
            starting = asyncio.create_task(stack.enter_async_context(place.serving(LATER)))
            (place.folder / LATER).touch()
            await until(waits, 20)
            await admin.execute("CREATE SCHEMA levels_v2")
            code, out, error = await place.run(LATER, "migrate")
            assert (code, out) == (2, "")
            assert "migration '0002_gold.sql' of 'jars' failed" in error
            assert "mend it, then migrate again" in error
            columns = (
                "SELECT count(*) FROM information_schema.columns WHERE table_name = 'levels' AND column_name = 'remark'"
            )
            assert await admin.fetchval(columns) == 0
            assert (await http.put("/jars/a/fills/r", json={"amount": 5})).status_code == 201
            await admin.execute("DROP SCHEMA levels_v2")
            assert await place.run(LATER, "migrate") == (0, "0002_gold.sql\n", "")
            assert (await http.put("/jars/a/fills/s", json={"amount": 6})).status_code == 201
            http, _ = await starting
            token = (await http.put("/jars/a/fills/t", json={"amount": 7})).json()["token"]
            assert (await http.get("/levels/a", params={"at_least": token})).json()["amount"] == 18
        code, _, error = await place.run(OLDER, "migrate")
        assert (code, "0002_gold.sql', which this release does not know" in error) == (2, True)
    finally:
        await admin.close()
