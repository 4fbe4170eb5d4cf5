"""The read models of kpi on PostgreSQL, fed with whatever histories the rules allow."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.bands import Band
from contracts.dates import ImpreciseDate, Period
from contracts.kpi import IndicatorMeasured, IndicatorPlaced, MeasurementCorrected
from contracts.types import UNKNOWN, Section, Text
from regesta.command import Command, Facts
from regesta.database import Connection
from regesta.errors import RegestaError
from regesta.event import Recorded, Registry
from regesta.projection import search_path
from regesta.unit import Meta, NewEvent
from regesta.view import View
from services.kpi.api.answers import indicators_of
from services.kpi.app import SERVICE
from services.kpi.domain.indicator import (
    DefineIndicator,
    Indicator,
    PlaceIndicator,
    PrintThreshold,
    RemoveIndicator,
    RetireIndicator,
    ReviseIndicator,
    SetBands,
    SetTarget,
    Spot,
)
from services.kpi.domain.measurement import CorrectMeasurement, MeasureIndicator, WithdrawFact
from services.kpi.projections import indicators, measurements, placements
from tests.conftest import FreshDatabase
from tests.services.kpi.samples import LIQUIDATED, MANUAL, OBJECTIVE, ONE, TWO, domain, percent
from tests.services.parking import parked_at

LOG: Final = str(uuid4())
REGISTRY: Final = Registry(SERVICE.events)
BEGIN: Final = datetime(2026, 1, 5, tzinfo=UTC)
ELSEWHERE: Final = "01930000-0000-7000-8000-00000000000b"

IDS = st.sampled_from([ONE, TWO])
OBJECTIVES = st.sampled_from([OBJECTIVE, ELSEWHERE])
YEARS = st.sampled_from([2023, 2024])
SECTIONS = st.none() | st.builds(Section, year=YEARS, kind=st.sampled_from(["realised", "planned"]))
VALUES = st.just(UNKNOWN) | st.sampled_from([percent("79.9"), percent("80"), percent("95.50")])
PERIODS = st.sampled_from(
    [
        Period(starts_on=date(2023, 1, 1), ends_on=date(2023, 12, 31)),
        Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 6, 30)),
        Period(starts_on=date(2023, 7, 1), ends_on=date(2024, 6, 30)),
    ]
)
STEPS = st.integers(1, 12).map("kpi:{}".format)
TITLES = st.builds(Text, fr=st.sampled_from(["un", "deux"]))
COMMANDS: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(DefineIndicator, indicator=IDS, measure=st.just(MANUAL), title=TITLES),
    st.builds(ReviseIndicator, indicator=IDS, measure=st.just(MANUAL), title=TITLES, year=YEARS),
    st.builds(PlaceIndicator, indicator=IDS, objective=OBJECTIVES, section=SECTIONS),
    st.builds(RemoveIndicator, indicator=IDS, objective=OBJECTIVES, section=SECTIONS),
    st.builds(PrintThreshold, indicator=IDS, red=st.sampled_from(["95 %", "30js"])),
    st.builds(
        SetBands,
        indicator=IDS,
        year=YEARS,
        level=st.sampled_from(["legal", "internal"]),
        bands=st.sampled_from([LIQUIDATED, (Band(colour="green"),)]),
    ),
    st.builds(
        SetTarget,
        indicator=IDS,
        target=st.sampled_from([Decimal(90), Decimal("95.0")]),
        horizon=st.sampled_from([ImpreciseDate("2024"), ImpreciseDate("2023-41")]),
    ),
    st.builds(
        MeasureIndicator,
        indicator=IDS,
        period=PERIODS,
        value=VALUES,
        dimensions=st.sampled_from([{}, {"programme": "2021-2027"}]),
    ),
    st.builds(CorrectMeasurement, indicator=IDS, corrects=STEPS, value=VALUES, reason=st.just("missed")),
    st.builds(WithdrawFact, indicator=IDS, event=STEPS, reason=st.just("wrong")),
    st.builds(RetireIndicator, indicator=IDS, reason=st.just("over")),
)
DEFINE_BOTH: Final = [DefineIndicator(indicator=each, measure=MANUAL) for each in (ONE, TWO)]
HISTORIES = st.lists(COMMANDS, min_size=1, max_size=40).map(lambda commands: history([*DEFINE_BOTH, *commands]))
on_postgres = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def history(commands: Sequence[Command]) -> list[Recorded]:
    """Return what is recorded when somebody gives these commands; refused ones record nothing."""
    rules = domain()
    recorded: list[Recorded] = []
    versions: dict[str, int] = {}
    for command in commands:
        facts: Facts = {}
        with contextlib.suppress(RegestaError):
            facts = rules.when(command)
        for stream, events in facts.items():
            for event in events:
                versions[stream] = versions.get(stream, 0) + 1
                new = NewEvent.of(stream, versions[stream], event, Meta("officer"))
                position = len(recorded) + 1
                time = BEGIN + timedelta(seconds=position)
                recorded.append(
                    Recorded("kpi", position, stream, new.version, time, new.type, new.data, LOG, REGISTRY, "officer")
                )
    return recorded


@pytest.fixture
async def db(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    """Return a connection of the runtime's role."""
    path = search_path([each.schema for each in SERVICE.projections])
    connection = await asyncpg.connect((await fresh_database("kpi")).dsn, server_settings={"search_path": path})
    yield connection
    await connection.close()


async def fold(db: Connection, batches: Sequence[Sequence[Recorded]]) -> None:
    """Fold batches into empty tables, each projection on its own."""
    for projection in SERVICE.projections:
        for table in projection.tables:
            await db.execute(f"DELETE FROM {table}")
        for batch in batches:
            facts = [(each, event) for each in batch if isinstance(event := each.event, projection.events)]
            if facts:
                await projection.project(db, facts)


async def tables(db: Connection) -> dict[str, list[str]]:
    """Return all rows of all tables."""
    names = [table for projection in SERVICE.projections for table in projection.tables]
    return {
        name: [row["line"] for row in await db.fetch(f"SELECT t::text AS line FROM {name} AS t ORDER BY 1")]
        for name in names
    }


async def answers(db: Connection, cut: int) -> list[str]:
    """Return all that can be read at a cut, as JSON."""
    view = View(db, {"kpi": cut}, ())
    found: list[str] = []
    for year in (None, 2023, 2024):
        found += [each.model_dump_json() for each in await indicators_of(view, [ONE, TWO], year)]
        found.append(str(await placements.under(db, cut, OBJECTIVE, year, ("", 10))))
    found.append(str(await indicators.page(db, cut, ONE, 10)))
    for indicator in (ONE, TWO):
        page = await measurements.page(db, cut, indicator, 0, 100)
        found += [f"{position} {row.model_dump_json()}" for position, row in page]
    return found


@given(HISTORIES, st.data())
@on_postgres
async def test_any_batching_gives_the_same_rows(db: Connection, events: list[Recorded], data: st.DataObject) -> None:
    await fold(db, [events])
    whole = await tables(db)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(events)), max_size=5)))
    await fold(db, [events[start:end] for start, end in pairwise([0, *cuts, len(events)])])
    assert await tables(db) == whole


@given(HISTORIES, st.integers(1, 100))
@on_postgres
async def test_a_stream_that_was_parked_has_the_same_rows(db: Connection, events: list[Recorded], poison: int) -> None:
    await fold(db, [events])
    whole = await tables(db)
    await fold(db, parked_at(events, poison))
    assert await tables(db) == whole


@given(HISTORIES, st.data())
@on_postgres
async def test_a_cut_shows_what_was_known_then(db: Connection, events: list[Recorded], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    await fold(db, [events])
    seen = await answers(db, cut)
    await fold(db, [events[:cut]])
    assert await answers(db, cut) == seen
    assert await answers(db, cut + 100) == seen


@given(st.lists(COMMANDS, max_size=40))
@on_postgres
async def test_what_is_read_is_what_the_rules_know(db: Connection, commands: list[Command]) -> None:
    given_commands = [*DEFINE_BOTH, *commands]
    events = history(given_commands)
    await fold(db, [events])
    rules = domain()
    for command in given_commands:
        with contextlib.suppress(RegestaError):
            rules.when(command)
    for found in await indicators_of(View(db, {"kpi": len(events)}, ()), [ONE, TWO], None):
        state = rules.state(Indicator, found.indicator)
        assert found.version == state.version
        assert {Spot(each.objective, each.section) for each in found.placements} == {
            spot for spot, last in state.spots.items() if isinstance(last, IndicatorPlaced)
        }
        assert {(each.year, each.level): each.bands for each in found.bands} == {
            key: each.bands for key, each in state.bands.items()
        }
        assert {each.horizon: each.target for each in found.targets} == {
            horizon: each.target for horizon, each in state.targets.items()
        }
        assert {each.red for each in found.thresholds} == {each.red for each in state.thresholds}
        assert (found.retired is None) == (state.retired is None)
        page = await measurements.page(db, len(events), found.indicator, 0, 100)
        corrected = {int(name.removeprefix("kpi:")) for name in state.corrections}
        standing = {
            position: step
            for position, step in state.steps.items()
            if isinstance(step, IndicatorMeasured | MeasurementCorrected) and position not in corrected
        }
        assert {position: (row.period, row.dimensions, row.value) for position, row in page} == {
            position: (step.period, step.dimensions, step.value) for position, step in standing.items()
        }


async def test_a_corrected_value_names_all_its_events_and_comes_back(db: Connection) -> None:
    period = Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    events = history(
        [
            *DEFINE_BOTH,
            SetBands(indicator=ONE, year=2024, level="legal", bands=LIQUIDATED),
            MeasureIndicator(indicator=ONE, period=period, value=percent("79.9")),
            CorrectMeasurement(indicator=ONE, corrects="kpi:4", value=percent("80"), reason="missed"),
            CorrectMeasurement(indicator=ONE, corrects="kpi:5", value=UNKNOWN, reason="misread"),
            WithdrawFact(indicator=ONE, event="kpi:6", reason="read right"),
        ]
    )
    await fold(db, [events])
    seen = []
    for cut in range(4, 8):
        (indicator,) = await indicators_of(View(db, {"kpi": cut}, ()), [ONE], 2024)
        assert indicator.latest is not None
        (colour,) = indicator.latest.colours
        seen.append((indicator.latest.events, colour.colour, colour.events))
    assert seen == [
        (("kpi:4",), "red", ("kpi:3",)),
        (("kpi:5", "kpi:4"), "amber", ("kpi:3",)),
        (("kpi:6", "kpi:5", "kpi:4"), "no_data", ("kpi:3",)),
        (("kpi:5", "kpi:4"), "amber", ("kpi:3",)),
    ]


async def test_a_value_has_the_colours_of_its_own_year(db: Connection) -> None:
    period = Period(starts_on=date(2023, 7, 1), ends_on=date(2024, 6, 30))
    events = history(
        [
            *DEFINE_BOTH,
            SetBands(indicator=ONE, year=2023, level="legal", bands=LIQUIDATED),
            SetBands(indicator=ONE, year=2024, level="internal", bands=(Band(colour="green"),)),
            MeasureIndicator(indicator=ONE, period=period, value=percent("12")),
        ]
    )
    await fold(db, [events])
    for year, levels in ((None, ["internal"]), (2024, ["internal"])):
        (indicator,) = await indicators_of(View(db, {"kpi": len(events)}, ()), [ONE], year)
        assert indicator.latest is not None
        assert [each.level for each in indicator.latest.colours] == levels
    (before,) = await indicators_of(View(db, {"kpi": len(events)}, ()), [ONE], 2023)
    assert before.latest is None


async def test_the_number_of_statements_does_not_grow(db: Connection) -> None:
    ids = [str(uuid4()) for _ in range(50)]
    await fold(db, [history([DefineIndicator(indicator=each, measure=MANUAL) for each in ids])])
    counts = []
    for wanted in (ids[:1], ids):
        statements: list[str] = []
        with db.query_logger(lambda record: statements.append(record.query)):  # noqa: B023
            found = await indicators_of(View(db, {"kpi": 100}, ()), wanted, 2024)
            await asyncio.sleep(0)  # asyncpg tells its loggers later
        assert [each.indicator for each in found] == wanted
        counts.append(len(statements))
    assert counts == [7, 7]
