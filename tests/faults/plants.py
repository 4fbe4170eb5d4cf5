"""Differences that no fault may leave, planted into databases for the checker to find, and taken out again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from cli.installation import services
from tests.faults.checker import execute, schema_of
from tests.system.apart import Apart

# Of what the database itself would refuse.
UNCHECKED: Final = "SET session_replication_role = replica"


@dataclass(frozen=True)
class Change:
    """A change of a table, which its statement names as {table}. projection: whose table it is; "" for one of the log's."""

    service: str
    table: str
    statement: str
    projection: str = ""

    async def place(self, apart: Apart) -> str:
        """Return the table with its schema, which a rebuild makes another."""
        return (
            f"{await schema_of(apart, self.service, self.projection)}.{self.table}" if self.projection else self.table
        )


@dataclass(frozen=True)
class Plant:
    """A difference. found: what the checker says of it."""

    name: str
    changes: Sequence[Change]
    found: str

    def __str__(self) -> str:
        return self.name


def _takers(source: str) -> list[str]:
    return [service.name for service in services() if source in service.sources]


def _lost() -> list[Change]:
    """Return how the last event of budget goes, from its log and from every copy."""
    last = "DELETE FROM {table} WHERE position = (SELECT max(position) FROM {table} %s)%s"
    copies = last % ("WHERE source = 'budget'", " AND source = 'budget'")
    return [Change("budget", "log.events", last % ("", ""))] + [
        Change(service, "log.replicas", copies) for service in _takers("budget")
    ]


def _doubled() -> list[Change]:
    """Return how the last event of kpi comes twice, into its log and into every copy, and is folded."""
    columns = "position + 1, stream, version + 1, type, time"
    newest = "FROM {table} %s ORDER BY position DESC LIMIT 1"
    own = f"INSERT INTO {{table}} SELECT {columns}, unit, meta, data {newest % ''}"
    of_kpi = newest % "WHERE source = 'kpi'"
    copy = f"INSERT INTO {{table}} SELECT source, {columns}, meta, data {of_kpi}"
    moved = "UPDATE {table} SET position = position + 1 WHERE source = 'kpi'"
    changes = [Change("kpi", "log.events", own), Change("kpi", "projections.checkpoints", moved)]
    for service in _takers("kpi"):
        changes += [
            Change(service, "log.replicas", copy),
            Change(service, "log.sources", "UPDATE {table} SET head = head + 1 WHERE source = 'kpi'"),
            Change(service, "projections.checkpoints", moved),
        ]
    return changes


PLANTS: Final = (
    Plant("an acknowledged event is lost everywhere", _lost(), r"'/commitments/.*', 'budget:\d+'\)"),
    Plant("an event is there twice everywhere", _doubled(), r"Counter\({'indicator-\w+.v1': 1}\)"),
    Plant(
        "a log has a hole", [Change("kpi", "log.events", "DELETE FROM {table} WHERE position = 3")], r"kpi\nassert \[1, 2, 4",
    ),
    Plant(
        "a copy has a hole",
        [Change("reporting", "log.replicas", "DELETE FROM {table} WHERE source = 'budget' AND position = 3")],
        "'reporting', 'budget'",
    ),
    Plant(
        "a copy says something else",
        [Change("reporting", "log.replicas", "UPDATE {table} SET data = '{{}}' WHERE source = 'kpi' AND position = 3")],
        "'reporting', 'kpi'",
    ),
    Plant(
        "a stream lacks a version",
        [Change("kpi", "log.events", "UPDATE {table} SET version = version + 1 WHERE version > 0 AND position = 3")],
        r"'kpi', \['indicator/",
    ),
    Plant(
        "a time goes back",
        [Change("kpi", "log.events", "UPDATE {table} SET time = time - interval '1 day' WHERE position = 3")],
        r"kpi\nassert \[datetime",
    ),
    Plant(
        "a total of budget is wrong",
        [Change("budget", "ledger_totals", "UPDATE {table} SET liquidation_used_cents = liquidation_used_cents + 1", "ledgers")],
        r"assert \d+ == \d+",
    ),
    Plant(
        "a total of reporting is wrong",
        [Change("reporting", "ledger_totals", "UPDATE {table} SET total_cents = total_cents - 1", "ledgers")],
        r"assert \[\d+\] == \[\d+\]",
    ),
)  # fmt: skip

ENTRY: Final = "line, year, credit, figure, type, cents, other, reference, unchecked"
TWICE: Final = Plant(
    "a row of a read model is there twice",
    [Change("budget", "ledger_entries", f"INSERT INTO {{table}} SELECT -position, {ENTRY} FROM {{table}} LIMIT 1", "ledgers")],
    "ledger_entries",
)  # fmt: skip


@asynccontextmanager
async def planted(apart: Apart, plant: Plant) -> AsyncIterator[None]:
    """Let a difference be there; at the end all is as it was."""
    kept = [(each, await each.place(apart), f"kept_{number}") for number, each in enumerate(plant.changes)]
    for change, table, name in kept:
        keep = f"CREATE TABLE {name} AS TABLE {table}"
        await execute(apart, change.service, UNCHECKED, keep, change.statement.format(table=table))
    try:
        yield
    finally:
        for change, table, name in kept:
            back = f"INSERT INTO {table} TABLE {name}"
            await execute(apart, change.service, UNCHECKED, f"DELETE FROM {table}", back, f"DROP TABLE {name}")
