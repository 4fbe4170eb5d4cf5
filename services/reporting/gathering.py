"""Notes and letters read from the database: a fixed number of statements, whatever their size."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from contracts.budget import LineAssigned
from contracts.commitments import ConventionSigned
from contracts.objectives import ObjectiveOpened
from contracts.types import NoteSlug, ObjectiveId, Year
from regesta.aside import aside
from regesta.view import View
from services.reporting.domain.assembly import Assembly, question_of
from services.reporting.domain.errors import UnknownNote, UnknownObjective
from services.reporting.domain.knowledge import Knowledge, Question, by_stream
from services.reporting.domain.letter import Letter
from services.reporting.domain.notes import NoteLine, note_line
from services.reporting.domain.standing import StandingFact
from services.reporting.domain.tree import Node, nodes_of, note_of, roots_of
from services.reporting.projections.standing import StandingReader


async def read_notes(view: View, after: str, limit: int) -> tuple[NoteLine, ...]:
    """Return the next notes after one, by slug, in two statements."""
    reader = StandingReader(view.db, view.cut)
    slugs = await reader.keys("objectives", "note", after, limit)
    facts = by_stream(await reader.of("objectives", [f"note/{slug}" for slug in slugs]))
    return tuple(line for slug in slugs if (line := note_line(slug, facts[f"note/{slug}"])) is not None)


async def read_letter(
    view: View, note: NoteSlug, year: Year | None = None, occurred_until: date | None = None
) -> Letter:
    """Return the letter of a note and year as of the view's cut; the view is ended.

    year: None means the one that the note was first read for, else that of its newest plan. Raises UnknownNote.
    """
    return await _read(view, note, year, occurred_until, None)


async def read_objective(
    view: View, objective: ObjectiveId, year: Year | None = None, occurred_until: date | None = None
) -> Letter:
    """Return the letter of an objective's note with that objective alone and what stands under it; the view is ended.

    year: as of read_letter. Raises UnknownObjective.
    """
    facts = await StandingReader(view.db, view.cut).of("objectives", [f"objective/{objective}"])
    note = next((fact.event.note for fact in facts if isinstance(fact.event, ObjectiveOpened)), None)
    if note is None:
        raise UnknownObjective(f"no objective {objective!r} was open at this cut", objective=objective)
    return await _read(view, note, year, occurred_until, objective)


async def _read(
    view: View, note: NoteSlug, year: Year | None, occurred_until: date | None, only: ObjectiveId | None
) -> Letter:
    reader = StandingReader(view.db, view.cut)
    facts = await reader.of("objectives", [f"note/{note}"])
    found = note_of(note, facts)
    if found is None:
        raise UnknownNote(f"no note {note!r} was open at this cut", note=note)
    shown, opened = found
    nodes = nodes_of(facts)
    roots = roots_of(nodes)
    if only is not None:
        if only not in nodes:
            raise UnknownObjective(f"the objective {only!r} was registered in error", objective=only)
        roots = [nodes[only]]
    asked = question_of(opened, year or opened.planned_year or _newest_plan(nodes.values()) or _first_year(facts))
    question = replace(asked, occurred_until=occurred_until)
    wanted = [*_all(roots), *(_above(roots[0], nodes) if only is not None else [])]
    knowledge = await gather(reader, [node.id for node in wanted], question)
    await view.end()
    assembly = Assembly(shown, nodes, knowledge, question)
    return await aside(assembly.letter, roots, dict(sorted(view.cut.items())))


async def gather(reader: StandingReader, objectives: Sequence[ObjectiveId], question: Question) -> Knowledge:
    """Return all that a letter over some objectives is made of, in eleven statements.

    While the database answers one, what another answered is read.
    """
    streams = [f"objective/{each}" for each in objectives]
    try:
        async with asyncio.TaskGroup() as tasks:
            followed = tasks.create_task(_followed(reader, streams))
            budgeted = tasks.create_task(_budgeted(reader, objectives, question))
            indicators = tasks.create_task(reader.about("kpi", streams))
            said = tasks.create_task(reader.of("objectives", streams))
    except ExceptionGroup as failed:
        # They share a connection, so that one reason is enough.
        raise failed.exceptions[0] from None
    money = budgeted.result()
    return replace(
        followed.result(),
        objectives=said.result(),
        indicators=indicators.result(),
        assignments=money.assignments,
        serving=money.serving,
        lines=money.lines,
        credits=money.credits,
        ledgers=money.ledgers,
    )


async def _followed(reader: StandingReader, streams: Sequence[str]) -> Knowledge:
    """Return the dossiers of some objectives, with the money that follows them."""
    dossiers = await reader.about("objectives", streams)
    dossier_streams = _streams(dossiers)
    links = await reader.links("objectives", dossier_streams)
    money = await reader.about("budget", dossier_streams)
    conventions = [fact.stream for fact in money if isinstance(fact.event, ConventionSigned)]
    drawn = await reader.about("budget", conventions)
    return Knowledge(
        dossiers=dossiers,
        dossier_links=links,
        conventions=[fact for fact in money if fact.stream.startswith("convention/")],
        commitments=_merged(fact for fact in (*money, *drawn) if fact.stream.startswith("commitment/")),
    )


async def _budgeted(reader: StandingReader, objectives: Sequence[ObjectiveId], question: Question) -> Knowledge:
    """Return the budget lines of some objectives, with their ledgers of the years asked for."""
    assignments = await reader.of("budget", [f"assignment/{each}" for each in objectives])
    lines = sorted({fact.event.line for fact in assignments if isinstance(fact.event, LineAssigned)})
    years = sorted({question.year, *(section.year for section in question.sections)})
    ledgers = [f"ledger/{line}/{year}" for line in lines for year in years]
    line_streams = [f"line/{line}" for line in lines]
    lined = await reader.of("budget", [*line_streams, *ledgers])
    return Knowledge(
        assignments=assignments,
        serving=await reader.linking("budget", line_streams),
        lines=[fact for fact in lined if fact.stream.startswith("line/")],
        credits=[fact for fact in lined if fact.stream.startswith("ledger/")],
        ledgers=await reader.sums(ledgers),
    )


def _streams(facts: Iterable[StandingFact]) -> list[str]:
    return list(dict.fromkeys(fact.stream for fact in facts))


def _merged(facts: Iterable[StandingFact]) -> list[StandingFact]:
    """Return facts of one log in the order recorded, each once."""
    by_position = {fact.position: fact for fact in facts}
    return [by_position[position] for position in sorted(by_position)]


def _all(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.children)


def _above(node: Node, nodes: Mapping[ObjectiveId, Node]) -> Iterator[Node]:
    """Yield what stands above a node: its lead unit may be theirs."""
    while node.parent is not None and node.parent in nodes:
        node = nodes[node.parent]
        yield node


def _newest_plan(nodes: Collection[Node]) -> int | None:
    """Return the year of the newest plan that a note prints; an account of a year stands in the letter of the next."""
    sections = [key for node in nodes for key in node.sections]
    sections += [(node.section.year, node.section.kind) for node in nodes if node.section is not None]
    return max((year if kind == "planned" else year + 1 for year, kind in sections), default=None)


def _first_year(facts: Sequence[StandingFact]) -> int:
    """Return the year after the one in which a note was opened, when nothing printed says which letter comes first."""
    return facts[0].recorded_on.year + 1
