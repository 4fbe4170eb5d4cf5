"""Reading sums as of a cut: tallies per line, per year and per dossier, of the facts and of the credits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

from asyncpg import Record

from contracts.budget import LineAssigned
from regesta.periods import as_of
from regesta.view import View
from services.budget.domain.sums import Service, Services, Tally
from services.budget.projections.figure import position_of, stored
from services.budget.projections.ledgers import CREDITS
from services.budget.projections.sums import BLOCK

# Whether a line counts in the national accounts (SEC / ESR).
Sec: TypeAlias = Literal["true", "false", "unknown"]
Key = TypeVar("Key", str, int)

# $1: the cut; $2 to $3: the years; $4: the lines, null for any.
BLOCKS: Final = f"""
SELECT line, year, figure, of_dossier, cents FROM sum_blocks WHERE block < $1 / {BLOCK}
UNION ALL
SELECT line, year, figure, dossier IS NOT NULL, cents FROM sum_entries
WHERE position >= $1 / {BLOCK} * {BLOCK} AND position <= $1
"""
FIGURES: Final = """
SELECT {key} AS key, CASE WHEN year < $2 THEN 'before' ELSE figure END AS name,
       sum(CASE WHEN year >= $2 THEN cents WHEN figure = 'committed' THEN cents
                WHEN figure IN ('decommitted', 'settled') THEN -cents ELSE 0 END) AS cents
FROM ({facts}) AS fact WHERE year <= $3 AND ($4::text[] IS NULL OR line = ANY ($4)) GROUP BY 1, 2
"""
BY_LINE: Final = FIGURES.format(key="line", facts=BLOCKS)
BY_YEAR: Final = FIGURES.format(key="greatest(year, $2 - 1)", facts=BLOCKS)
OF_DOSSIERS: Final = FIGURES.format(key="''", facts=f"SELECT * FROM ({BLOCKS}) AS each WHERE of_dossier")
BY_DOSSIER: Final = FIGURES.format(
    key="dossier", facts="SELECT * FROM sum_entries WHERE position <= $1 AND dossier = ANY ($5::text[])"
)
DOSSIERS: Final = f"""
(SELECT DISTINCT dossier FROM sum_entries
 WHERE dossier > $5 AND position <= $1 AND year <= $3 AND ($4::text[] IS NULL OR line = ANY ($4)) AND $2 <= $3
 ORDER BY dossier LIMIT $6)
UNION
(SELECT DISTINCT subject FROM forecasts AS f WHERE {as_of("f", "$1")} AND subject > $5 AND subject NOT LIKE '%.%'
 AND year BETWEEN $2 AND $3 AND $4::text[] IS NULL ORDER BY subject LIMIT $6)
ORDER BY dossier LIMIT $6
"""
# An amount of credits as it is kept: {"state": "known", "value": 5}; nothing for one that nobody stated.
_STATED: Final = """
CASE t.{credit}_stated ->> 'state' WHEN 'known' THEN (t.{credit}_stated ->> 'value')::bigint WHEN 'none' THEN 0 END
"""
_CREDIT: Final = """
sum({stated}) AS {credit}_stated, count({stated}) AS {credit}_stated_count,
count(*) FILTER (WHERE ({stated}) IS NULL) AS {credit}_unstated_count,
sum(CASE WHEN ({stated}) IS NULL THEN 0 ELSE {credit}_voted.cents END) AS {credit}_voted,

sum(t.{credit}_transferred_cents) FILTER (WHERE ({stated}) IS NOT NULL) AS {credit}_moved,
count(*) FILTER (WHERE t.{credit}_unchecked) AS {credit}_unchecked_count
"""
_VOTED: Final = """
LEFT JOIN LATERAL (
    SELECT cents FROM ledger_entries AS e
    WHERE (e.line, e.year, e.credit, e.figure) = (t.line, t.year, '{credit}', 'stated') AND e.position <= $1
    ORDER BY position LIMIT 1
) AS {credit}_voted ON true
"""
_CREDITS: Final = ", ".join(_CREDIT.format(credit=each, stated=_STATED.format(credit=each)) for each in CREDITS)
LEDGERS: Final = f"""
SELECT t.{{key}} AS key, {_CREDITS} FROM ledger_totals AS t {" ".join(_VOTED.format(credit=each) for each in CREDITS)}
WHERE {as_of("t", "$1")} AND t.year BETWEEN $2 AND $3 AND ($4::text[] IS NULL OR t.line = ANY ($4)) GROUP BY 1
"""
FORECASTS: Final = f"""
SELECT f.{{key}} AS key, sum(cents) AS forecast, count(*) AS forecast_count FROM forecasts AS f
WHERE {as_of("f", "$1")} AND year BETWEEN $2 AND $3 AND {{which}} GROUP BY 1
"""
LINE_FORECASTS: Final = "subject LIKE '%.%' AND ($4::text[] IS NULL OR subject = ANY ($4))"
LINES: Final = f"""
SELECT line, coalesce(opened ->> 'sec', 'unknown') AS sec FROM lines AS l WHERE {as_of("l", "$1")}
"""
ASSIGNED: Final = f"""
SELECT objective, line, assigned FROM assigned_lines AS a WHERE {as_of("a", "$1")} ORDER BY from_position
"""


@dataclass(frozen=True, slots=True)
class Span:
    """What is added up. since, until: the first and last year; lines: only those, None for any."""

    since: int
    until: int
    lines: Collection[str] | None = None

    def args(self, view: View) -> tuple[int, int, int, list[str] | None]:
        """Return $1 to $4 of the statements above."""
        return position_of(view), self.since, self.until, None if self.lines is None else sorted(self.lines)


async def read_lines(view: View) -> dict[str, Sec]:
    """Return the lines that are open, each with its flag of the national accounts."""
    return {row["line"]: row["sec"] for row in await view.db.fetch(LINES, position_of(view))}


async def read_by_line(view: View, span: Span) -> dict[str, Tally]:
    """Return the tally of each line with facts."""
    args, tallies = span.args(view), dict[str, Tally]()
    _figures(tallies, await view.db.fetch(BY_LINE, *args))
    _columns(tallies, await view.db.fetch(LEDGERS.format(key="line"), *args))
    _columns(tallies, await view.db.fetch(FORECASTS.format(key="subject", which=LINE_FORECASTS), *args))
    return tallies


async def read_by_year(view: View, span: Span) -> tuple[dict[int, Tally], int]:
    """Return the tally of each year with facts, and what was outstanding before the first in cents."""
    args, tallies = span.args(view), dict[int, Tally]()
    _figures(tallies, await view.db.fetch(BY_YEAR, *args))
    _columns(tallies, await view.db.fetch(LEDGERS.format(key="year"), *args))
    _columns(tallies, await view.db.fetch(FORECASTS.format(key="year", which=LINE_FORECASTS), *args))
    before = tallies.pop(span.since - 1, Counter())
    return tallies, before["carried_over"]


async def read_by_dossier(view: View, span: Span, dossiers: Iterable[str]) -> dict[str, Tally]:
    """Return the tallies of some dossiers: without credits and receipts, which are of lines."""
    args, wanted, tallies = span.args(view), list(dossiers), dict[str, Tally]()
    _figures(tallies, await view.db.fetch(BY_DOSSIER, *args, wanted))
    if span.lines is None:
        which = "subject = ANY ($4::text[])"
        _columns(tallies, await view.db.fetch(FORECASTS.format(key="subject", which=which), *args[:3], wanted))
    return tallies


async def read_dossiers(view: View, span: Span, after: str, limit: int) -> list[str]:
    """Return up to `limit` dossiers after an id on which anything was recorded."""
    return [row["dossier"] for row in await view.db.fetch(DOSSIERS, *span.args(view), after, limit)]


async def read_of_dossiers(view: View, span: Span) -> Tally:
    """Return the tally of all that is of any dossier."""
    args, tallies = span.args(view), dict[str, Tally]()
    _figures(tallies, await view.db.fetch(OF_DOSSIERS, *args))
    if span.lines is None:
        which = "subject NOT LIKE '%.%'"
        statement = FORECASTS.format(key="subject", which=which).replace("f.subject AS key", "'' AS key")
        _columns(tallies, await view.db.fetch(statement, *args[:3]))
    return tallies.get("", Counter())


async def read_services(view: View) -> Services:
    """Return the lines that serve each objective. Of several assignments of a line the newest that states a share counts."""
    services: dict[str, dict[str, Service]] = {}
    for row in await view.db.fetch(ASSIGNED, position_of(view)):
        event, lines = stored(LineAssigned, row["assigned"]), services.setdefault(row["objective"], {})
        before = lines.get(row["line"], Service())
        share_ppm = before.share_ppm if event.share_ppm is None else event.share_ppm
        lines[row["line"]] = Service(before.shared or event.shared, share_ppm)
    return services


def _figures(tallies: dict[Key, Tally], rows: Iterable[Record]) -> None:
    for row in rows:
        name = "carried_over" if row["name"] == "before" else row["name"]
        tallies.setdefault(row["key"], Counter())[name] += int(row["cents"])


def _columns(tallies: dict[Key, Tally], rows: Iterable[Record]) -> None:
    """Add the columns of rows by their names; what is null there is of no fact."""
    for row in rows:
        tally = tallies.setdefault(row["key"], Counter())
        for name, value in row.items():
            if name != "key" and value is not None:
                tally[name] += int(value)
