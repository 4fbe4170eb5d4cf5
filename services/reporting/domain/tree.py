"""The objectives of a note as they stood at a cut: codes, titles, parents, sections, in their order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from contracts.objectives import (
    Level,
    ObjectiveClosed,
    ObjectiveMoved,
    ObjectiveRegistered,
    ObjectiveRenumbered,
    ObjectiveRetitled,
    PolicyNoteOpened,
    SectionPrinted,
)
from contracts.types import ObjectiveId, Section, Text
from services.reporting.domain.figure import Figure
from services.reporting.domain.letter import Closing, Heading, Note
from services.reporting.domain.standing import StandingFact

SectionKey: TypeAlias = tuple[int, str]
Order: TypeAlias = tuple[bool, tuple[tuple[bool, int, str], ...], int]


@dataclass(slots=True)
class Node:
    """An objective or action of the note. sections: its printed year-sections, each with its headings."""

    id: ObjectiveId
    level: Level
    position: int
    code: Figure[str]
    title: Figure[Text]
    parent: ObjectiveId | None
    section: Section | None
    closed: Closing | None = None
    in_error: bool = False
    sections: dict[SectionKey, list[Heading]] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    @property
    def order(self) -> Order:
        """Sort key: by code as people count (IV.1.9 before IV.1.10), those without one last, then as registered."""
        code = self.code.value or ""
        return (not code, natural(code), self.position)


def natural(code: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a code as a sort key in which numbers count as numbers."""
    return tuple(
        (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.findall(r"[0-9]+|[^0-9]+", code)
    )


def section_key(section: Section) -> SectionKey:
    """Return a section as a key."""
    return section.year, section.kind


def note_of(slug: str, facts: Iterable[StandingFact]) -> tuple[Note, PolicyNoteOpened] | None:
    """Return the note and the fact that opened it; None when none did."""
    for fact in facts:
        if isinstance(fact.event, PolicyNoteOpened):
            opened, name = fact.event, fact.name
            note = Note(
                slug=slug,
                title=Figure.known(opened.title, name),
                reference=Figure.maybe(opened.reference, name),
                legislature=Figure.maybe(opened.legislature, name),
                template=opened.template,
            )
            return note, opened
    return None


def nodes_of(facts: Iterable[StandingFact]) -> dict[ObjectiveId, Node]:
    """Return the nodes of a note by id, without those registered in error; facts in the order recorded."""
    nodes: dict[ObjectiveId, Node] = {}
    for fact in facts:
        _apply(nodes, fact)
    return {objective: _under_kept_parent(node, nodes) for objective, node in nodes.items() if not node.in_error}


def roots_of(nodes: Mapping[ObjectiveId, Node]) -> list[Node]:
    """Hang the nodes under their parents and return those without one, all in their order."""
    roots: list[Node] = []
    for node in sorted(nodes.values(), key=lambda node: node.order):
        parent = nodes.get(node.parent) if node.parent else None
        (roots if parent is None else parent.children).append(node)
    return roots


def _apply(nodes: dict[ObjectiveId, Node], fact: StandingFact) -> None:
    event, name = fact.event, fact.name
    match event:
        case ObjectiveRegistered():
            nodes[event.objective] = Node(
                event.objective,
                event.level,
                fact.position,
                Figure.maybe(event.code, name),
                Figure.maybe(event.title, name),
                event.parent,
                event.section,
            )
        case ObjectiveRetitled() if event.objective in nodes:
            nodes[event.objective].title = Figure.known(event.title, name)
        case ObjectiveRenumbered() if event.objective in nodes:
            nodes[event.objective].code = Figure.maybe(event.code, name)
        case ObjectiveMoved() if event.objective in nodes:
            nodes[event.objective].parent = event.parent
        case SectionPrinted() if event.objective in nodes:
            heading = Heading(
                code=Figure.maybe(event.code, name),
                title=Figure.maybe(event.title, name),
                place=event.place,
                events=(name,),
            )
            nodes[event.objective].sections.setdefault(section_key(event.section), []).append(heading)
        case ObjectiveClosed() if event.objective in nodes:
            if event.reason == "registered_in_error":
                nodes[event.objective].in_error = True
            else:
                nodes[event.objective].closed = Closing(reason=event.reason, into=event.into, events=(name,))


def _under_kept_parent(node: Node, nodes: Mapping[ObjectiveId, Node]) -> Node:
    """Put a node under the nearest one above it that was not registered in error."""
    while node.parent is not None and node.parent in nodes and nodes[node.parent].in_error:
        node.parent = nodes[node.parent].parent
    return node
