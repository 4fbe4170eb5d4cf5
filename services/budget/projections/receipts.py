"""Rights to money and their cash, per line and year; and what is expected to be liquidated."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from contracts.commitments import LiquidationForecast, ReceiptCollected, RightEstablished
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.projections.figure import Figure, position_of

ADD_FACTS = """
INSERT INTO receipt_facts (position, receipt, line, year, figure, cents)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::bigint[])
"""
READ_RECEIPTS = """
SELECT figure, sum(cents)::bigint AS cents, array_agg(position) AS positions
FROM receipt_facts WHERE line = $2 AND year = $3 AND position <= $1 GROUP BY figure
"""
FORECASTS = Periods("forecasts", key={"subject": "text", "year": "integer"}, columns={"cents": "bigint"})
READ_FORECAST = f"""
SELECT cents, from_position FROM forecasts AS f WHERE {as_of("f", "$1")} AND subject = $2 AND year = $3
"""


class ReceiptsOut(BaseModel):
    """What was established and what came in, on a line in a year."""

    established: Figure
    collected: Figure


async def project_receipts(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of rights and cash."""
    rows = [
        (
            recorded.position,
            recorded.key,
            event.line,
            event.year,
            "established" if isinstance(event, RightEstablished) else "collected",
            event.amount_cents,
        )
        for recorded, event in facts
        if isinstance(event, RightEstablished | ReceiptCollected)
    ]
    await db.execute(ADD_FACTS, *map(list, zip(*rows, strict=True)))


async def project_forecasts(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of forecasts."""
    changes = [
        Change(recorded.position, (event.line or event.dossier, event.year), (event.amount_cents,))
        for recorded, event in facts
        if isinstance(event, LiquidationForecast)
    ]
    await FORECASTS.put(db, changes)


PROJECTIONS = (
    Projection("receipts", LOG, 1, (RightEstablished, ReceiptCollected), ("receipt_facts",), project_receipts),
    Projection("forecasts", LOG, 1, (LiquidationForecast,), ("forecasts",), project_forecasts),
)


async def read_receipts(view: View, line: str, year: int) -> ReceiptsOut:
    """Return the receipts of a line in a year; zero where nothing was recorded."""
    rows = await view.db.fetch(READ_RECEIPTS, position_of(view), line, year)
    figures = {row["figure"]: Figure.of(row["cents"], row["positions"]) for row in rows}
    none = Figure.of(0, [])
    return ReceiptsOut(established=figures.get("established", none), collected=figures.get("collected", none))


async def read_forecast(view: View, subject: str, year: int) -> Figure:
    """Return what is expected to be liquidated on a line or for a dossier in a year; not known when nobody said."""
    row = await view.db.fetchrow(READ_FORECAST, position_of(view), subject, year)
    return Figure.of(None, []) if row is None else Figure.of(row["cents"], [row["from_position"]])
