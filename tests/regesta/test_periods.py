"""A table of periods answers as of any position, however its changes were put into batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

from regesta.database import Connection as Db
from regesta.periods import Change, Periods, array_text, as_of
from tests.conftest import FreshDatabase
from tests.regesta.jars import LEVELS

A, B = ("jar/a",), ("jar/b",)
HISTORY = [
    Change(1, A, (5, "")),
    Change(2, B, (1, "")),
    Change(4, A, (7, "red")),
    Change(6, A, None),
    Change(7, B, (2, "")),
    Change(9, A, (1, "")),
]
STANDING = {
    0: {},
    1: {"jar/a": 5},
    3: {"jar/a": 5, "jar/b": 1},
    5: {"jar/a": 7, "jar/b": 1},
    6: {"jar/b": 1},
    8: {"jar/b": 2},
    9: {"jar/a": 1, "jar/b": 2},
}


@pytest.fixture
async def db(reused_database: FreshDatabase) -> AsyncIterator[Db]:
    """Give a connection to the tables of the read model, by somebody who may make further ones; nothing of it stays."""
    connection = await asyncpg.connect((await reused_database("jars")).admin_dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL search_path TO levels_v1")
    yield connection
    await transaction.rollback()
    await connection.close()


async def standing(db: Db, cut: int) -> dict[str, int]:
    rows = await db.fetch(f"SELECT jar, amount FROM levels WHERE {as_of('levels', '$1')}", cut)
    return {row["jar"]: row["amount"] for row in rows}


def in_batches(size: int) -> Iterable[list[Change]]:
    return (HISTORY[begin : begin + size] for begin in range(0, len(HISTORY), size))


@pytest.mark.parametrize("size", [1, 2, 4, 6])
async def test_any_batching_answers_alike_as_of_each_position(db: Db, size: int) -> None:
    for batch in in_batches(size):
        await LEVELS.put(db, batch)
    assert {cut: await standing(db, cut) for cut in STANDING} == STANDING
    assert await LEVELS.current(db, [A, B, ("jar/c",)]) == {A: (1, ""), B: (2, "")}


async def test_of_two_changes_at_one_position_the_last_counts(db: Db) -> None:
    await LEVELS.put(db, [Change(1, A, (5, "")), Change(1, A, (6, ""))])
    assert await LEVELS.current(db, [A]) == {A: (6, "")}
    assert await db.fetchval("SELECT count(*) FROM levels") == 1


async def test_nothing_asks_nothing(db: Db) -> None:
    await LEVELS.put(db, [])
    assert await LEVELS.current(db, []) == {}


async def test_lists_of_numbers_are_kept_and_given_back(db: Db) -> None:
    await db.execute(
        "CREATE TEMP TABLE sums (jar text, events bigint[], from_position bigint, to_position bigint) ON COMMIT DROP"
    )
    sums = Periods("sums", {"jar": "text"}, {"events": "bigint[]"})
    await sums.put(
        db, [Change(1, A, (array_text([]),)), Change(2, A, (array_text([1, 2]),)), Change(2, B, (array_text([9]),))]
    )
    assert await sums.current(db, [A, B]) == {A: ([1, 2],), B: ([9],)}


@pytest.mark.parametrize("name", ["position", "gone", "next", "from_position", "to_position"])
def test_a_column_may_not_have_a_name_of_the_statements(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Periods("t", {name: "text"}, {"amount": "bigint"})
    with pytest.raises(ValueError, match=name):
        Periods("t", {"jar": "text"}, {name: "bigint"})
