"""The budget lines: one row per line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from contracts.budget import BudgetLineOpened
from contracts.types import Place, Text
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.domain.errors import UnknownLine
from services.budget.projections.figure import Names, names, position_of, stored

LINES = Periods("lines", key={"line": "text"}, columns={"version": "integer", "opened": "jsonb"})
READ_LINES = f"""
SELECT line, opened, version, from_position FROM lines AS l
WHERE {as_of("l", "$1")} AND line > $2 ORDER BY line LIMIT $3
"""
READ_LINE = f"""
SELECT line, opened, version, from_position FROM lines AS l WHERE {as_of("l", "$1")} AND line = $2
"""


class LineOut(BaseModel):
    """A budget line. repaired_from: the code as printed, when it had to be repaired. events: what opened it."""

    line: str
    entity: str
    allocation: str
    direction: Literal["expenditure", "receipt"]
    label: Text | None
    sec: bool | None
    repaired_from: str | None
    place: Place | None
    events: Names


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add the lines opened in one batch."""
    opened = [(recorded, event) for recorded, event in facts if isinstance(event, BudgetLineOpened)]
    await LINES.put(
        db,
        [
            Change(recorded.position, (recorded.key,), (recorded.version, event.model_dump_json()))
            for recorded, event in opened
        ],
    )


PROJECTION = Projection("lines", LOG, 1, (BudgetLineOpened,), ("lines",), project)


async def read_lines(view: View, after: str, limit: int) -> tuple[LineOut, ...]:
    """Return up to `limit` lines after a key."""
    rows = await view.db.fetch(READ_LINES, position_of(view), after, limit)
    return tuple(_line(row["line"], row["opened"], row["from_position"]) for row in rows)


async def read_line(view: View, line: str) -> tuple[LineOut, int]:
    """Return a line and its stream's version. Raises UnknownLine."""
    row = await view.db.fetchrow(READ_LINE, position_of(view), line)
    if row is None:
        raise UnknownLine(f"no budget line {line!r} is open", line=line)
    return _line(line, row["opened"], row["from_position"]), row["version"]


def _line(line: str, opened: str, position: int) -> LineOut:
    event = stored(BudgetLineOpened, opened)
    return LineOut(
        line=line,
        entity=event.entity,
        allocation=event.allocation,
        direction=event.direction,
        label=event.label,
        sec=event.sec,
        repaired_from=event.repaired_from,
        place=event.place,
        events=names([position]),
    )
