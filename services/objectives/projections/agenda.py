"""The annexes of a letter as read models: the Court's recommendations with their answers, and the regulation agenda."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from asyncpg import Record

from contracts.agenda import (
    AnswerStatus,
    ImpactCheck,
    RecommendationAnswered,
    RecommendationRegistered,
    RegulationAdopted,
    RegulationAdvanced,
    RegulationScheduled,
    Stage,
)
from contracts.dates import ImpreciseDate
from contracts.types import EventName, RecommendationId, Ref, RegulationId, Round, Text, Value
from regesta.database import Connection as Db
from regesta.event import Event, Recorded, event_name
from regesta.periods import Change, Periods, as_of
from regesta.periods import Row as Values
from regesta.projection import Fact, Projection
from services.objectives.domain.command import LOG
from services.objectives.projections.row import Row, row_of

RECOMMENDATIONS: Final = Periods(
    "recommendations",
    {"recommendation": "text"},
    {"version": "integer", "registered": "bigint", "fact": "json", "answered": "bigint", "answer": "json"},
)
REGULATIONS: Final = Periods(
    "regulations",
    {"regulation": "text"},
    {
        "version": "integer",
        "scheduled": "bigint",
        "fact": "json",
        "stages": "json",
        "adopted": "bigint",
        "adoption": "json",
    },
)
OF_RECOMMENDATION: Final = "r.recommendation, r.version, r.registered, r.fact::text, r.answered, r.answer::text"
READ_RECOMMENDATION = (
    f"SELECT {OF_RECOMMENDATION} FROM recommendations AS r WHERE r.recommendation = $2 AND {as_of('r', '$1')}"
)
PAGE_OF_RECOMMENDATIONS = f"""
SELECT {OF_RECOMMENDATION} FROM recommendations AS r
WHERE {as_of("r", "$1")} AND r.recommendation > $2 ORDER BY r.recommendation LIMIT $3
"""
OF_REGULATION: Final = "r.regulation, r.version, r.scheduled, r.fact::text, r.stages::text, r.adopted, r.adoption::text"
READ_REGULATION = f"SELECT {OF_REGULATION} FROM regulations AS r WHERE r.regulation = $2 AND {as_of('r', '$1')}"
PAGE_OF_REGULATIONS = f"""
SELECT {OF_REGULATION} FROM regulations AS r
WHERE {as_of("r", "$1")} AND r.regulation > $2 ORDER BY r.regulation LIMIT $3
"""


class Answered(Value):
    """What was done about a recommendation. occurred: when, if that was said."""

    status: AnswerStatus
    text: Text
    evidence: tuple[EventName, ...]
    occurred: ImpreciseDate | None = None


class Recommendation(Row):
    """A recommendation of the Court of Audit. answer: the latest; null before the first."""

    recommendation: RecommendationId
    version: int
    report: Ref
    number: Ref
    text: Text
    answer: Answered | None


class StageReached(Value):
    """A stage that a regulation reached. event: that says so; occurred: when, if that was said."""

    stage: Stage
    round: Round
    checklist: tuple[ImpactCheck, ...] = ()
    occurred: ImpreciseDate | None = None
    event: EventName


class Adopted(Value):
    """That a regulation was adopted. occurred: when, if that was said."""

    reference: Ref | None = None
    occurred: ImpreciseDate | None = None


class Regulation(Row):
    """A regulation on the agenda, as last scheduled. stages: those reached, in the order recorded."""

    regulation: RegulationId
    version: int
    title: Text
    due: ImpreciseDate | None = None
    checklist: tuple[ImpactCheck, ...] = ()
    stages: tuple[StageReached, ...]
    adopted: Adopted | None


async def recommendation(db: Db, cut: int, key: str) -> Recommendation | None:
    """Return a recommendation; None when it was not registered then."""
    row = await db.fetchrow(READ_RECOMMENDATION, cut, key)
    return None if row is None else _recommendation(row)


async def recommendations(db: Db, cut: int, after: str, limit: int) -> list[Recommendation]:
    """Return the recommendations after an id, by id."""
    return [_recommendation(row) for row in await db.fetch(PAGE_OF_RECOMMENDATIONS, cut, after, limit)]


async def regulation(db: Db, cut: int, key: str) -> Regulation | None:
    """Return a regulation; None when it was not scheduled then."""
    row = await db.fetchrow(READ_REGULATION, cut, key)
    return None if row is None else _regulation(row)


async def regulations(db: Db, cut: int, after: str, limit: int) -> list[Regulation]:
    """Return the regulations after an id, by id."""
    return [_regulation(row) for row in await db.fetch(PAGE_OF_REGULATIONS, cut, after, limit)]


def _recommendation(row: Record) -> Recommendation:
    key, version, registered, fact, answered, answer = row
    positions = [registered] if answered is None else [answered, registered]
    given = None if answer is None else json.loads(answer)
    return row_of(Recommendation, fact, *positions, recommendation=key, version=version, answer=given)


def _regulation(row: Record) -> Regulation:
    key, version, scheduled, fact, stages, adopted, adoption = row
    reached = json.loads(stages)
    positions = [scheduled, *(each["event"] for each in reached), *([] if adopted is None else [adopted])]
    named = [each | {"event": event_name(LOG, each["event"])} for each in reached]
    ended = None if adoption is None else json.loads(adoption)
    return row_of(
        Regulation, fact, *sorted(positions, reverse=True), regulation=key, version=version, stages=named, adopted=ended
    )


def _said(recorded: Recorded) -> str:
    """Return a fact's members as JSON text, with when it occurred if that was said."""
    when = {} if recorded.occurred is None else {"occurred": recorded.occurred}
    return json.dumps(json.loads(recorded.raw) | when, ensure_ascii=False)


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in four statements whatever its size."""
    await _fold(db, RECOMMENDATIONS, [each for each in facts if isinstance(each[1], OF_RECOMMENDATIONS)])
    await _fold(db, REGULATIONS, [each for each in facts if not isinstance(each[1], OF_RECOMMENDATIONS)])


async def _fold(db: Db, table: Periods, facts: Sequence[Fact]) -> None:
    rows = await table.current(db, [(recorded.key,) for recorded, _ in facts])
    changes: list[Change] = []
    for recorded, event in facts:
        key = (recorded.key,)
        rows[key] = _after(rows.get(key), recorded, event)
        changes.append(Change(recorded.position, key, rows[key]))
    await table.put(db, changes)


def _after(row: Values | None, recorded: Recorded, event: Event) -> Values:
    """Return the row of a stream after one more fact."""
    version, position = recorded.version, recorded.position
    if isinstance(event, RecommendationRegistered):
        return version, position, recorded.raw, None, None
    if isinstance(event, RegulationScheduled):
        return (version, position, recorded.raw, *(("[]", None, None) if row is None else row[3:]))
    assert row is not None, "its stream begins with what opens it"
    if isinstance(event, RecommendationAnswered):
        return (version, *row[1:3], position, _said(recorded))
    if isinstance(event, RegulationAdvanced):
        reached = {"round": event.round, **json.loads(_said(recorded)), "event": position}
        return (version, *row[1:3], json.dumps([*json.loads(str(row[3])), reached], ensure_ascii=False), *row[4:])
    return (version, *row[1:4], position, _said(recorded))


OF_RECOMMENDATIONS: Final = (RecommendationRegistered, RecommendationAnswered)
EVENTS: Final = (*OF_RECOMMENDATIONS, RegulationScheduled, RegulationAdvanced, RegulationAdopted)
PROJECTION: Final = Projection("agenda", LOG, 1, EVENTS, (RECOMMENDATIONS.table, REGULATIONS.table), project)
