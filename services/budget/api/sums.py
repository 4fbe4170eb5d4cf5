"""The sums of budget: what is voted, committed, paid and received, by line, dossier, objective, programme, entity, year and SEC flag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, assert_never

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from contracts.allocation import EntitySlug, LineKey, split_line
from regesta.caller import Caller
from regesta.errors import Malformed
from regesta.paging import Paged, Paging
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.view import AsOf, Reading, View
from services.budget.domain.sums import (
    Sum,
    Tally,
    added,
    by_service,
    grouped,
    once,
    outstanding_cents,
    year_by_year,
)
from services.budget.projections import totals
from services.budget.projections.programmes import read_programmes
from services.budget.projections.totals import Sec, Span

READ: Final = "budget:read"
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
By: TypeAlias = Literal["line", "dossier", "objective", "programme", "entity", "year", "sec"]
Why: TypeAlias = Literal["unchecked", "of-lines"]
QueryYear: TypeAlias = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR), IN_DIGITS]

router = APIRouter(tags=["reads"], route_class=StrictRoute)


class CreditsSum(BaseModel):
    """Credits of one kind in cents: voted + adjusted + transferred = amount, of the ledgers whose credits are stated.

    All null when no credits are stated: why says "unchecked" (nobody stated any) or "of-lines" (credits are of lines, not of
    this). unstated: of how many more ledgers (a line in a year) nobody stated any; unchecked: in how many something was used
    meanwhile. An amount with unstated > 0 is "at least".
    """

    voted: int | None
    adjusted: int | None
    transferred: int | None
    amount: int | None
    unstated: int
    unchecked: int
    why: Why | None


class MoneySum(BaseModel):
    """Money that is owed to the entity and what came in of it, in cents. Null of what has none of its own."""

    established: int | None
    collected: int | None


class SumOut(BaseModel):
    """Sums in cents over the years that were asked for.

    committed: as made; decommitted: released or taken back, in the year of the commitment; liquidated: paid less taken back.
    settled: the same on the commitments of this key, whichever line paid. outstanding at the end of the last year =
    carried_over (from before the first) + committed - decommitted - settled. forecast: null when nobody said.
    """

    commitment: CreditsSum
    liquidation: CreditsSum
    carried_over: int
    committed: int
    decommitted: int
    liquidated: int
    settled: int
    outstanding: int
    forecast: int | None
    receipts: MoneySum
    recoveries: MoneySum


class SumRow(BaseModel):
    """The sums under one key.

    sums: of what is its alone, and of the parts of `split` that an allocation key gives. shared: the whole of what serves
    others too and is not split, named in shared_keys; it is in none of the sums of rows. Null when nothing is shared.
    """

    key: str
    sums: SumOut
    split: tuple[str, ...]
    shared: SumOut | None
    shared_keys: tuple[str, ...]


class SumsAnswer(AsOf):
    """Sums by key. total: of all keys, on this page or not, each line (or dossier) counted once and whole."""

    by: By
    since: int | None
    year: int | None
    sec: Sec | None
    rows: tuple[SumRow, ...]
    total: SumOut


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. year: the last one counted; since: the first, by default the same; neither: all years."""

    by: Annotated[By, Query(description="What to add up by.")]
    year: Annotated[QueryYear, Query(description="The last year counted.")] = None
    since: Annotated[QueryYear, Query(description="The first year counted; by default `year` alone.")] = None
    sec: Annotated[Sec | None, Query(description="Only lines that count, or not, in the national accounts.")] = None
    entity: Annotated[EntitySlug | None, Query(description="Only lines of this entity.")] = None
    line: Annotated[LineKey | None, Query(description="Only this line.")] = None

    def span(self, secs: Mapping[str, Sec]) -> Span:
        """Return what to add up. secs: the flag of each open line. Raises Malformed when it begins after its end."""
        until = LAST_YEAR if self.year is None else self.year
        since = self.since or self.year or FIRST_YEAR
        if since > until:
            raise Malformed(f"since: {since} is after the year {until}", parameter="since", value=since)
        if self.sec is None and self.entity is None and self.line is None:
            return Span(since, until)
        return Span(since, until, [line for line, sec in secs.items() if self._wants(line, sec)])

    def _wants(self, line: str, sec: Sec) -> bool:
        return self.sec in {None, sec} and self.entity in {None, split_line(line)[0]} and self.line in {None, line}


@dataclass(frozen=True, slots=True)
class Found:
    """The sums of a page and one more, and their total. of_lines: whether they have credits and receipts, as lines do."""

    sums: list[Sum]
    total: Tally
    of_lines: bool = True


@router.get("/sums")
async def get_sums(wanted: Annotated[Wanted, Depends()], view: Reading, caller: Caller, paged: Paged) -> SumsAnswer:
    """Return what is voted, committed, paid and received, added up by one thing over a year or several, by key."""
    caller.require(READ)
    secs = await totals.read_lines(view)
    found = await _found(wanted, view, secs, paged)
    rows = [_row(each, of_lines=found.of_lines) for each in found.sums]
    return SumsAnswer(
        **AsOf.of(view),
        by=wanted.by,
        since=wanted.since or wanted.year,
        year=wanted.year,
        sec=wanted.sec,
        rows=paged.page(view, rows, lambda row: row.key),
        total=_out(found.total, of_lines=found.of_lines),
    )


async def _found(wanted: Wanted, view: View, secs: Mapping[str, Sec], paged: Paging) -> Found:
    span = wanted.span(secs)
    match wanted.by:
        case "dossier":
            keys = await totals.read_dossiers(view, span, paged.after, paged.wanted)
            tallies = await totals.read_by_dossier(view, span, keys)
            total = await totals.read_of_dossiers(view, span)
            return Found([Sum(key, tallies.get(key, Tally())) for key in keys], total, of_lines=False)
        case "year":
            years, carried_cents = await totals.read_by_year(view, span)
            sums = list(year_by_year(years, carried_cents))
            total = added([*years.values(), Tally(carried_over=carried_cents)])
            return Found(_page(sums, paged), total)
        case "objective":
            by_line, services = await totals.read_by_line(view, span), await totals.read_services(view)
            keys = sorted(key for key in services if key > paged.after)[: paged.wanted]
            return Found(by_service(by_line, services, keys), once(by_line, services))
        case "programme":
            programmes = await read_programmes(view)
            keys = sorted(key for key in programmes if key > paged.after)[: paged.wanted]
            dossiers = sorted({each for served in programmes.values() for each in served})
            tallies = await totals.read_by_dossier(view, span, dossiers)
            return Found(by_service(tallies, programmes, keys), once(tallies, programmes), of_lines=False)
        case "line" | "entity" | "sec":
            by_line = await totals.read_by_line(view, span)
            groups = {line: _group(wanted.by, line, secs.get(line, "unknown")) for line in by_line}
            return Found(_page(grouped(by_line, groups), paged), added(by_line.values()))
        case _:
            assert_never(wanted.by)


def _group(by: Literal["line", "entity", "sec"], line: str, sec: Sec) -> str:
    match by:
        case "line":
            return line
        case "entity":
            return split_line(line)[0]
        case "sec":
            return sec


def _page(sums: list[Sum], paged: Paging) -> list[Sum]:
    return [each for each in sums if each.key > paged.after][: paged.wanted]


def _row(found: Sum, *, of_lines: bool) -> SumRow:
    return SumRow(
        key=found.key,
        sums=_out(found.tally, of_lines=of_lines),
        split=tuple(found.split_keys),
        shared=_out(found.shared, of_lines=of_lines) if found.shared_keys else None,
        shared_keys=tuple(found.shared_keys),
    )


def _out(tally: Tally, *, of_lines: bool) -> SumOut:
    receipts = MoneySum(established=tally["right"], collected=tally["cash"])
    return SumOut(
        commitment=_credits(tally, "commitment", of_lines=of_lines),
        liquidation=_credits(tally, "liquidation", of_lines=of_lines),
        carried_over=tally["carried_over"],
        committed=tally["committed"],
        decommitted=tally["decommitted"],
        liquidated=tally["liquidated"],
        settled=tally["settled"],
        outstanding=outstanding_cents(tally),
        forecast=tally["forecast"] if tally["forecast_count"] else None,
        receipts=receipts if of_lines else MoneySum(established=None, collected=None),
        recoveries=MoneySum(established=tally["recovery_due"], collected=tally["recovered"]),
    )


def _credits(tally: Tally, credit: Literal["commitment", "liquidation"], *, of_lines: bool) -> CreditsSum:
    unstated, unchecked = tally[f"{credit}_unstated_count"], tally[f"{credit}_unchecked_count"]
    if not tally[f"{credit}_stated_count"]:
        return CreditsSum(
            voted=None,
            adjusted=None,
            transferred=None,
            amount=None,
            unstated=unstated,
            unchecked=unchecked,
            why="unchecked" if of_lines else "of-lines",
        )
    stated, voted, moved = (tally[f"{credit}_{name}"] for name in ("stated", "voted", "moved"))
    return CreditsSum(
        voted=voted,
        adjusted=stated - voted,
        transferred=moved,
        amount=stated + moved,
        unstated=unstated,
        unchecked=unchecked,
        why=None,
    )
