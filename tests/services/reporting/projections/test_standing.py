from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.budget import LineAssigned
from contracts.dossiers import DossierLinked, DossierOpened, DossierUnlinked
from contracts.objectives import FactPrinted, FieldStated
from contracts.types import Section, Text, known
from regesta.event import Event, FactWithdrawn
from services.reporting.domain.standing import BUDGET, ENDINGS, KPI, OBJECTIVES, STATEMENTS, ended_by, links_of, slot_of
from services.reporting.projections.standing import PROJECTIONS
from tests.conftest import FreshDatabase
from tests.services.parking import parked_at
from tests.services.reporting.history import History
from tests.services.reporting.portions import portions
from tests.services.reporting.system import system_on

EXAMPLES = 12


# The fixture only makes databases; each example has one of its own.
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), turns=st.lists(st.integers(0, 2**32), min_size=2, max_size=2, unique=True))
async def test_any_batching_and_any_interleaving_of_sources_gives_the_same_rows(
    fresh_database: FreshDatabase, seed: int, turns: list[int]
) -> None:
    history = History(seed).grow(80)
    async with system_on(await fresh_database("reporting")) as system:
        for source, events in history.logs.items():
            await system.feed(source, events)
        whole = await system.rows()
        assert whole["objectives_facts"]
        for turn in turns:
            await system.empty()
            for log, portion in portions(history, Random(turn)):  # noqa: S311 a test's own turns
                await system.feed(log, portion)
            assert await system.rows() == whole


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), poison=st.integers(1, 1_000))
async def test_a_stream_that_was_parked_has_the_same_rows(
    fresh_database: FreshDatabase, seed: int, poison: int
) -> None:
    logs = History(seed).grow(60).logs
    async with system_on(await fresh_database("reporting")) as system:
        for source, events in logs.items():
            await system.feed(source, events)
        whole = await system.rows()
        await system.empty()
        for projection, log in (
            (each, log) for source, log in logs.items() for each in PROJECTIONS if each.source == source
        ):
            for batch in parked_at(log, poison) if log else ():
                facts = [(each, event) for each in batch if isinstance(event := each.event, projection.events)]
                async with system.pool.acquire() as db:
                    await projection.project(db, facts)
        assert await system.rows() == whole


def test_a_withdrawable_step_has_a_slot_of_its_own() -> None:
    for event in {*OBJECTIVES, *KPI, *BUDGET}:
        if event.withdrawable:
            assert event not in STATEMENTS
            assert event not in ENDINGS


def test_a_withdrawal_empties_the_slot_of_the_step_that_it_names() -> None:
    printed = FactPrinted(type="approval", text=Text(fr="approuvé"), reading="done")
    assert slot_of(printed, 12) == ended_by(FactWithdrawn(event="objectives:12", reason="not there"))
    assert slot_of(FactWithdrawn(event="objectives:12", reason="not there"), 13) is None


def test_a_later_statement_takes_the_slot_only_of_the_same_field_and_section() -> None:
    def said(field: str, section: Section | None) -> str | None:
        return slot_of(
            FieldStated.model_validate({"field": field, "value": known(Text(fr="x")), "section": section}), 1
        )

    plan, account = Section(year=2024, kind="planned"), Section(year=2024, kind="realised")
    slots = [said("description", None), said("description", plan), said("description", account), said("partners", plan)]
    assert len(set(slots)) == len(slots)
    assert said("partners", plan) == slots[3]


def test_links_name_the_stream_that_a_fact_speaks_of() -> None:
    one, two = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    opened = DossierOpened(kind="subsidy", title=Text(fr="x"), objectives=(one, two))
    assert [about for _, about in links_of(opened)] == [f"objective/{one}", f"objective/{two}"]
    linked = dict(links_of(DossierLinked(objective=one)))
    assert linked == {f"objective/{one}": f"objective/{one}"}
    assert list(links_of(DossierLinked(programme=two))) == []
    line = "urban.33.001.07.01.1111"
    assigned = LineAssigned(assignment=one, line=line)
    assert dict(links_of(assigned)) == {slot_of(assigned, 1): f"line/{line}"}


def test_facts_that_only_link_or_end_are_not_shown() -> None:
    one = "00000000-0000-4000-8000-000000000001"
    quiet: list[Event] = [DossierLinked(objective=one), DossierUnlinked(objective=one)]
    assert [slot_of(event, 1) for event in quiet] == [None, None]
