"""The read models on PostgreSQL: any batching gives the same rows, and as of any cut they are what the rules know then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Final

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import budget, objectives
from contracts.commitments import PaymentLiquidated, PaymentReversed
from contracts.objectives import FactPrinted
from contracts.types import NONE, PENDING, Section, Text
from regesta.command import Command, Facts, fold
from regesta.database import Connection
from regesta.errors import RegestaError
from regesta.event import Event, Recorded, Registry
from regesta.projection import search_path
from regesta.testing import NOON, Domain
from regesta.view import View
from services.objectives.api.answers import dossiers_of, objective_of
from services.objectives.app import AGGREGATES, RULES, SERVICE
from services.objectives.domain import dossier, note, objective, party, recommendation, regulation
from services.objectives.domain.decisions import GrantApproval, IssueOpinion
from services.objectives.domain.lifecycle import (
    CompleteDossier,
    LinkDossier,
    OpenDossier,
    ResumeDossier,
    SuspendDossier,
    UnlinkDossier,
)
from services.objectives.domain.milestones import (
    CancelMilestone,
    PlanMilestone,
    ReachMilestone,
    RescheduleMilestone,
    SettleAdvance,
)
from services.objectives.domain.note import (
    CloseObjective,
    MoveObjective,
    PrintSection,
    RegisterObjective,
    RenumberObjective,
    RetitleObjective,
)
from services.objectives.domain.objective import (
    AssignUnit,
    PrintAmount,
    PrintFact,
    ReleaseUnit,
    ReportStatus,
    StateField,
)
from services.objectives.domain.party import EraseParty, RegisterParty
from services.objectives.domain.recommendation import AnswerRecommendation, RegisterRecommendation
from services.objectives.domain.regulation import AdoptRegulation, AdvanceRegulation, ScheduleRegulation
from services.objectives.domain.withdrawal import WithdrawFact
from services.objectives.projections import advances, agenda, parties, printed
from tests.conftest import FreshDatabase
from tests.services.objectives.samples import (
    ACTION,
    CODES,
    DOSSIER,
    MILESTONE,
    NEW,
    OPERATIONAL,
    OTHER,
    PARTY,
    SECOND,
    SLUG,
    TITLE,
    registered,
)
from tests.services.parking import parked_at

REGISTRY: Final = Registry(objectives.EVENTS, budget.EVENTS)
SECTION: Final = Section(year=2024, kind="planned")
IDS: Final = st.sampled_from([*CODES, NEW])
DOSSIERS: Final = st.sampled_from([DOSSIER, SECOND])
MILESTONES: Final = st.sampled_from([MILESTONE, NEW])
DAYS: Final = st.sampled_from(["2023", "2024-36", "2024-05-17", "2023-06/.."])
TEXTS: Final = st.builds(Text, fr=st.sampled_from(["un", "deux"]))
SECTIONS: Final = st.none() | st.just(SECTION)
COMMANDS: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(
        RegisterObjective, note=st.just(SLUG), objective=st.just(NEW), level=st.just("action"), code=st.just("N")
    ),
    st.builds(RetitleObjective, note=st.just(SLUG), objective=IDS, title=TEXTS),
    st.builds(RenumberObjective, note=st.just(SLUG), objective=IDS, code=st.sampled_from(["A", "B", None])),
    st.builds(MoveObjective, note=st.just(SLUG), objective=IDS, parent=st.sampled_from([None, OPERATIONAL, OTHER])),
    st.builds(CloseObjective, note=st.just(SLUG), objective=IDS, reason=st.just("stopped")),
    st.builds(PrintSection, note=st.just(SLUG), objective=IDS, section=st.just(SECTION), title=st.none() | TEXTS),
    st.builds(
        StateField,
        objective=IDS,
        field=st.sampled_from(["output", "partners"]),
        value=st.sampled_from([NONE, PENDING]),
        section=SECTIONS,
    ),
    st.builds(ReportStatus, objective=IDS, status=st.sampled_from(["behind", "completed"]), section=SECTIONS),
    st.builds(
        AssignUnit, objective=IDS, unit=st.sampled_from(["a", "b"]), role=st.sampled_from(["lead", "contributor"])
    ),
    st.builds(
        ReleaseUnit, objective=IDS, unit=st.sampled_from(["a", "b"]), role=st.sampled_from(["lead", "contributor"])
    ),
    st.builds(PrintFact, objective=IDS, type=st.just("other"), text=TEXTS, reading=st.just("done"), day=DAYS),
    st.builds(PrintAmount, objective=IDS, text=TEXTS, amount_cents=st.integers(0, 9)),
    st.builds(OpenDossier, dossier=DOSSIERS, kind=st.just("subsidy"), title=TEXTS, objectives=st.just((ACTION, OTHER))),
    st.builds(LinkDossier, dossier=DOSSIERS, objective=IDS),
    st.builds(UnlinkDossier, dossier=DOSSIERS, objective=IDS),
    st.builds(SuspendDossier, dossier=DOSSIERS, reason=st.just("appeal")),
    st.builds(ResumeDossier, dossier=DOSSIERS),
    st.builds(CompleteDossier, dossier=DOSSIERS),
    st.builds(PlanMilestone, dossier=DOSSIERS, milestone=MILESTONES, kind=st.just("advance"), due=DAYS),
    st.builds(RescheduleMilestone, dossier=DOSSIERS, milestone=MILESTONES, new=DAYS),
    st.builds(ReachMilestone, dossier=DOSSIERS, milestone=MILESTONES, on=DAYS),
    st.builds(CancelMilestone, dossier=DOSSIERS, milestone=MILESTONES, reason=st.just("none")),
    st.builds(SettleAdvance, dossier=DOSSIERS, payment=st.just("budget:7"), on=DAYS),
    st.builds(SettleAdvance, dossier=DOSSIERS, reversed=st.just(("budget:7",))),
    st.builds(
        IssueOpinion, dossier=DOSSIERS, by=st.just("inspector_of_finance"), verdict=st.just("favourable"), occurred=DAYS
    ),
    st.builds(
        GrantApproval,
        dossier=DOSSIERS,
        authority=st.just("minister"),
        step=st.just("grant"),
        round=st.integers(1, 3),
        amount_cents=st.just(1),
    ),
    st.builds(
        WithdrawFact,
        kind=st.sampled_from(["objective", "dossier"]),
        id=st.one_of(IDS, DOSSIERS),
        event=st.integers(10, 60).map(lambda position: f"objectives:{position}"),
        reason=st.just("read wrongly"),
    ),
    st.builds(RegisterParty, party=st.just(PARTY), kind=st.just("person")),
    st.builds(EraseParty, party=st.just(PARTY)),
)
PAYMENTS: Final[st.SearchStrategy[Event]] = st.one_of(
    st.builds(
        PaymentLiquidated,
        payment=st.sampled_from(["P1", "P2"]),
        line=st.just("brussels.33.001.07.01.6321"),
        year=st.just(2024),
        amount_cents=st.integers(1, 3),
        part=st.sampled_from(["advance", "interim"]),
        dossier=st.none() | DOSSIERS,
    ),
    st.builds(
        PaymentReversed,
        payment=st.sampled_from(["P1", "P2"]),
        line=st.just("brussels.33.001.07.01.6321"),
        year=st.just(2024),
        amount_cents=st.integers(1, 2),
        reason=st.just("wrong"),
    ),
)


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    """Return a connection of the service's runtime to a database of its own."""
    path = search_path([each.schema for each in SERVICE.projections])
    connection = await asyncpg.connect((await fresh_database("objectives")).dsn, server_settings={"search_path": path})
    yield connection
    await connection.close()


class Log:
    """A log as the store would hold it."""

    def __init__(self, source: str) -> None:
        self.events: list[Recorded] = []
        self._source = source
        self._versions: dict[str, int] = {}

    def add(self, facts: Facts, occurred: str | None = None) -> None:
        """Append facts, a second after the one before."""
        for stream, events in facts.items():
            for event in events:
                position = len(self.events) + 1
                version = self._versions[stream] = self._versions.get(stream, 0) + 1
                raw, time = event.model_dump_json(exclude_none=True), NOON + timedelta(seconds=position)
                self.events.append(
                    Recorded(
                        self._source,
                        position,
                        stream,
                        version,
                        time,
                        event.name,
                        raw,
                        "log",
                        REGISTRY,
                        "officer",
                        occurred,
                    )
                )


def recorded(commands: Sequence[Command]) -> list[Recorded]:
    """Return the log that some commands leave after a note of four objectives, refused ones left out."""
    here = Domain(AGGREGATES, RULES).given(registered())
    log = Log("objectives")
    log.add(registered())
    for command in commands:
        with suppress(RegestaError):
            log.add(here.when(command, units=["*"]), command.occurred)
    return log.events


async def project(db: Connection, log: Sequence[Recorded], ends: Sequence[int]) -> dict[str, list[str]]:
    """Fold a log into empty tables, in batches that end at some places, and return all rows as text."""
    projections = [each for each in SERVICE.projections if each.source == log[0].source]
    tables = [table for projection in projections for table in projection.tables]
    await db.execute(";".join(f"DELETE FROM {table}" for table in tables))
    for start, end in pairwise([0, *sorted({each for each in ends if 0 < each < len(log)}), len(log)]):
        for projection in projections:
            facts = [(each, event) for each in log[start:end] if isinstance(event := each.event, projection.events)]
            if facts:
                await projection.project(db, facts)
    return {
        table: [row["row"] for row in await db.fetch(f"SELECT t::text AS row FROM {table} AS t ORDER BY 1")]
        for table in tables
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(COMMANDS, min_size=10, max_size=40),
    st.lists(st.integers(1, 60), max_size=6),
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
)
async def test_any_batching_gives_the_rows_of_a_recount(
    database: Connection, commands: list[Command], ends: list[int], cuts: list[int]
) -> None:
    opening = OpenDossier(dossier=DOSSIER, kind="subsidy", title=TITLE, objectives=(ACTION,))
    log = recorded([opening, *commands])
    one_by_one = await project(database, log, range(1, len(log)))
    assert await project(database, log, ends) == one_by_one
    assert await project(database, log, []) == one_by_one
    meanwhile, parked = parked_at(log, cuts[0])
    assert await project(database, [*meanwhile, *parked], [len(meanwhile)]) == one_by_one
    for cut in {min(cut, len(log)) for cut in cuts}:
        view = View(database, {"objectives": cut, "budget": 0}, ())
        for key in (*CODES, NEW):
            await _check_objective(view, key, log[:cut])
            await _check_printed(view, key, log[:cut])
        for key in (DOSSIER, SECOND):
            await _check_dossier(view, key, log[:cut])
        known = fold(AGGREGATES[3], f"party/{PARTY}", _facts(log[:cut], f"party/{PARTY}"))
        shown = await parties.read(database, cut, PARTY)
        assert isinstance(known, party.Party)
        assert (shown is not None, shown is not None and shown.erased) == (
            known.registered is not None,
            known.erased is not None,
        )


def _facts(log: Sequence[Recorded], stream: str) -> list[tuple[int, Event]]:
    return [(each.position, event) for each in log if each.stream == stream and (event := each.event) is not None]


async def _check_objective(view: View, key: str, log: Sequence[Recorded]) -> None:
    tree = fold(AGGREGATES[0], f"note/{SLUG}", _facts(log, f"note/{SLUG}"))
    state = fold(AGGREGATES[1], f"objective/{key}", _facts(log, f"objective/{key}"))
    assert isinstance(tree, note.Note)
    assert isinstance(state, objective.Objective)
    shown, entry = await objective_of(view, key), tree.objectives.get(key)
    assert (shown is None) == (entry is None)
    if shown is None or entry is None:
        return
    assert (shown.code, shown.parent, shown.title) == (entry.code, entry.parent, entry.titled.title)
    assert (shown.closed is None) == (entry.closed is None)
    assert shown.version == state.version
    assert {(each.unit, each.role) for each in shown.units} == {*state.assigned}
    assert {(each.field, each.value.state, each.section) for each in shown.fields} == {
        (each.field, each.value.state, each.section)
        for each in state.said.values()
        if isinstance(each, objectives.FieldStated)
    }
    assert len(shown.statuses) == sum(isinstance(each, objectives.StatusReported) for each in state.said.values())
    assert len(shown.sections) == sum(each.objective == key for each in tree.sections)
    # By the dossiers' own streams: a cut in the middle of a unit has a link before its attachment.
    assert list(shown.dossiers) == [each for each in (DOSSIER, SECOND) if key in _dossier(log, each).objectives]


async def _check_printed(view: View, key: str, log: Sequence[Recorded]) -> None:
    state = fold(AGGREGATES[1], f"objective/{key}", _facts(log, f"objective/{key}"))
    cut = view.cut["objectives"]
    facts = await printed.facts_page(view.db, cut, key, 0, 500)
    amounts = await printed.amounts_page(view.db, cut, key, 0, 500)
    assert sorted(position for position, _ in [*facts, *amounts]) == sorted(state.steps)
    assert [position for position, _ in facts] == [
        position for position, step in state.steps.items() if isinstance(step, FactPrinted)
    ]


def _dossier(log: Sequence[Recorded], key: str) -> dossier.Dossier:
    state = fold(AGGREGATES[2], f"dossier/{key}", _facts(log, f"dossier/{key}"))
    assert isinstance(state, dossier.Dossier)
    return state


async def _check_dossier(view: View, key: str, log: Sequence[Recorded]) -> None:
    state = _dossier(log, key)
    shown = await dossiers_of(view, [key])
    assert len(shown) == (state.opened is not None)
    for each in shown:
        assert each.version == state.version
        assert (set(each.objectives), set(each.programmes)) == (state.objectives, state.programmes)
        assert (each.where.standing == "suspended") == (state.suspended is not None and state.ended is None)
        assert (each.where.standing == "completed") == (state.ended is not None)
        assert len(each.steps) == len(state.taken)
        assert {
            milestone.milestone: (milestone.due, milestone.state, milestone.evidence) for milestone in each.milestones
        } == {milestone: _standing(known) for milestone, known in state.milestones.items()}


def _standing(milestone: dossier.Milestone) -> tuple[str, str, tuple[str, ...]]:
    if milestone.reached is not None:
        return milestone.due, "reached", milestone.reached.evidence
    return milestone.due, "planned" if milestone.cancelled is None else "cancelled", ()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["commitment/a", "commitment/b"]), PAYMENTS), min_size=1, max_size=20),
    st.lists(st.integers(1, 20), max_size=4),
)
async def test_any_batching_gives_the_same_advances(
    database: Connection, payments: list[tuple[str, Event]], ends: list[int]
) -> None:
    log = Log("budget")
    paid: set[tuple[str, str]] = set()
    for stream, event in payments:
        # The payer's reference is unique in its commitment, and budget sees to that.
        if isinstance(event, PaymentLiquidated) and (stream, event.payment) in paid:
            continue
        if isinstance(event, PaymentLiquidated):
            paid.add((stream, event.payment))
        log.add({stream: [event]})
    one_by_one = await project(database, log.events, range(1, len(log.events)))
    assert await project(database, log.events, ends) == one_by_one
    for key in (DOSSIER, SECOND):
        shown = await advances.read(database, len(log.events), key)
        assert [(each.position, each.reversed) for each in shown] == _advances(log.events, key)


def _advances(log: Sequence[Recorded], key: str) -> list[tuple[int, bool]]:
    """Return the position of each advance for a dossier, and whether it was reversed as a whole, by a plain recount."""
    left: dict[tuple[str, str], int] = {}
    found: dict[tuple[str, str], int] = {}
    for recorded_ in log:
        match recorded_.event:
            case PaymentLiquidated(part="advance", dossier=str() as paid_for) as event if paid_for == key:
                found[recorded_.stream, event.payment] = recorded_.position
                left[recorded_.stream, event.payment] = event.amount_cents
            case PaymentReversed() as event if (recorded_.stream, event.payment) in left:
                left[recorded_.stream, event.payment] -= event.amount_cents
            case _:
                pass
    return [(position, left[payment] <= 0) for payment, position in found.items()]


OF_AGENDA: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(
        RegisterRecommendation, recommendation=DOSSIERS, report=st.just("2023-1"), number=st.just("3"), text=TEXTS
    ),
    st.builds(
        AnswerRecommendation,
        recommendation=DOSSIERS,
        status=st.sampled_from(["accepted", "implemented"]),
        text=TEXTS,
        occurred=st.none() | DAYS,
    ),
    st.builds(ScheduleRegulation, regulation=DOSSIERS, title=TEXTS, due=st.none() | DAYS),
    st.builds(
        AdvanceRegulation,
        regulation=DOSSIERS,
        stage=st.sampled_from(["first_reading", "published"]),
        round=st.integers(1, 2),
        occurred=st.none() | DAYS,
    ),
    st.builds(AdoptRegulation, regulation=DOSSIERS, reference=st.none() | st.just("R1")),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OF_AGENDA, min_size=5, max_size=25), st.lists(st.integers(1, 40), max_size=5), st.integers(1, 40))
async def test_the_agenda_is_at_every_cut_what_its_streams_say(
    database: Connection, commands: list[Command], ends: list[int], cut: int
) -> None:
    log = recorded(commands)
    one_by_one = await project(database, log, range(1, len(log)))
    assert await project(database, log, ends) == one_by_one
    cut = min(cut, len(log))
    for key in (DOSSIER, SECOND):
        known = fold(AGGREGATES[4], f"recommendation/{key}", _facts(log[:cut], f"recommendation/{key}"))
        found = await agenda.recommendation(database, cut, key)
        assert isinstance(known, recommendation.Recommendation)
        assert (found and (found.version, found.text, found.answer and found.answer.status)) == (
            known.registered and (known.version, known.registered.text, known.answered and known.answered.status)
        )
        standing = fold(AGGREGATES[5], f"regulation/{key}", _facts(log[:cut], f"regulation/{key}"))
        shown = await agenda.regulation(database, cut, key)
        assert isinstance(standing, regulation.Regulation)
        assert (shown and (shown.version, shown.title, shown.due, shown.adopted is not None)) == (
            standing.scheduled
            and (standing.version, standing.scheduled.title, standing.scheduled.due, standing.adopted is not None)
        )
        reached = [(each.stage, each.round) for each in shown.stages] if shown else []
        assert reached == [*standing.advanced]
        assert len(shown.events if shown else ()) == (bool(shown) + len(reached) + (standing.adopted is not None))
    assert [each.regulation for each in await agenda.regulations(database, cut, "", 10)] == sorted(
        {each.stream.partition("/")[2] for each in log[:cut] if each.stream.startswith("regulation/")}
    )
