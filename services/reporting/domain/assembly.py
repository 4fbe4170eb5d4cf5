"""How a letter is put together from what was known at its cut. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from contracts.objectives import Level, PolicyNoteOpened, UnitAssigned
from contracts.types import ObjectiveId, Section, Text, UnitSlug
from regesta.event import Cut
from services.reporting.domain.budget import Budget
from services.reporting.domain.content import (
    CARD,
    NOTHING,
    OPERATIONAL,
    PLANNED,
    REALISED,
    STRATEGIC,
    Spot,
    Template,
    content_of,
)
from services.reporting.domain.evidence import Evidence
from services.reporting.domain.knowledge import Knowledge, Question, by_stream, key_of
from services.reporting.domain.letter import Action, Content, Elsewhere, Letter, Note, Objective, Unit, YearSection
from services.reporting.domain.measures import Measures
from services.reporting.domain.outline import contents_in
from services.reporting.domain.standing import StandingFact
from services.reporting.domain.tables import Tables, section_total
from services.reporting.domain.tree import Node, SectionKey, section_key

InSection: TypeAlias = tuple[SectionKey | None, StandingFact]

LABELS: Final[dict[Level, Text]] = {
    "strategic": Text(fr="OS", nl="SD"),
    "operational": Text(fr="OO", nl="OD"),
    "action": Text(fr="Action", nl="Actie"),
}


def question_of(opened: PolicyNoteOpened, year: int) -> Question:
    """Return what a note's letter of a year accounts for: the year before, unless the note says otherwise of this letter."""
    accounts = {}
    if opened.planned_year is not None and opened.realised_year is not None:
        accounts[opened.planned_year] = opened.realised_year
    return Question(year, accounts.get(year, year - 1), accounts=accounts)


class Assembly:
    """Puts the letter of one note together. nodes: all of the note; roots: those to show, with those under them."""

    def __init__(self, note: Note, nodes: dict[ObjectiveId, Node], knowledge: Knowledge, question: Question) -> None:
        self._note = note
        self._nodes = nodes
        self._question = question
        self._sections = question.sections
        self._said = _placed(knowledge.objectives)
        self._assigned = _placed(knowledge.assignments)
        self._tables = Tables(knowledge, nodes, question.year)
        self._measures = Measures(knowledge, question.year)
        self._evidence = Evidence(knowledge)

    def letter(self, roots: Sequence[Node], cut: Cut) -> Letter:
        """Return the letter over some nodes and those under them."""
        objectives = tuple(objective for root in roots for objective in self._objectives([root], *self._above(root)))
        sections: tuple[Section | None, ...] = (*self._sections, None)
        tables = [(section, list(_budgets(objectives, section))) for section in sections]
        return Letter(
            note=self._note,
            year=self._question.year,
            realised_year=self._question.realised_year,
            cut=cut,
            occurred_until=self._question.occurred_until,
            objectives=objectives,
            totals=tuple(
                section_total(section, budgets)
                for section, budgets in tables
                if section is not None or any(budget.rows for budget in budgets)
            ),
        )

    def _above(self, node: Node) -> tuple[int, UnitSlug | None]:
        """Return how many objectives stand above a node, and the lead unit of the nearest that has one."""
        parent = self._nodes.get(node.parent) if node.parent else None
        if parent is None:
            return 0, None
        depth, owner = self._above(parent)
        return depth + 1, self._lead(parent) or owner

    def _objectives(self, nodes: Sequence[Node], depth: int, owner: UnitSlug | None) -> Iterator[Objective]:
        """Yield nodes depth first. owner: the lead unit of the nearest objective above."""
        for node in nodes:
            owner_here = self._lead(node) or owner
            yield self._objective(node, depth, owner_here)
            under = [child for child in node.children if child.level != "action"]
            yield from self._objectives(under, depth + 1, owner_here)

    def _objective(self, node: Node, depth: int, owner: UnitSlug | None) -> Objective:
        actions = [child for child in node.children if child.level == "action"]
        account, plan = self._sections
        loose = [action for action in actions if not self._places(action)]
        known = {*node.sections, *self._keys(node)}
        known |= {key for action in actions for key in self._all_keys(action)}
        shown = {section_key(account), section_key(plan)}
        return Objective(
            id=node.id,
            level=node.level,
            label=LABELS[node.level],
            code=node.code,
            title=node.title,
            parent=node.parent,
            depth=depth,
            units=self._units(node),
            closed=node.closed,
            content=self._content(node, [None], self._template(node.level), owner),
            realised=self._section(node, account, actions, owner),
            planned=self._section(node, plan, actions, owner),
            actions=tuple(self._action(action, None, owner) for action in loose if not self._all_keys(action)),
            elsewhere=tuple(map(self._elsewhere, sorted(known - shown))),
            dossiers=self._evidence.serving(node.id),
        )

    def _elsewhere(self, key: SectionKey) -> Elsewhere:
        section = Section.model_validate({"year": key[0], "kind": key[1]})
        return Elsewhere(section=section, letter=self._question.letter_of(section))

    def _section(
        self, node: Node, section: Section, actions: Sequence[Node], owner: UnitSlug | None
    ) -> YearSection | None:
        """Return a year-section; None for a strategic objective that has nothing there."""
        key = section_key(section)
        here = [action for action in actions if key in self._places(action)]
        headings = node.sections.get(key, [])
        exists = bool(headings or here) or key in self._keys(node)
        if node.level == "strategic" and not exists:
            return None
        asked = REALISED if section.kind == "realised" else PLANNED
        return YearSection(
            section=section,
            label=section_label(section),
            printed=exists,
            headings=tuple(headings),
            content=self._content(node, [section], NOTHING if here else asked, owner),
            actions=tuple(self._action(action, section, owner) for action in here),
        )

    def _action(self, node: Node, section: Section | None, owner: UnitSlug | None) -> Action:
        """Return an action as it stands in one section. What is said of it as a whole stands with its first place."""
        owner = self._lead(node) or owner
        places = self._places(node)
        first = section is None or not places or section_key(section) == places[0]
        wanted: list[Section | None] = [None] if first else []
        asked = NOTHING if section is None else REALISED if section.kind == "realised" else PLANNED
        under = [child for child in node.children if section is None or section_key(section) in self._places(child)]
        return Action(
            id=node.id,
            level=node.level,
            label=LABELS[node.level],
            code=node.code,
            title=node.title,
            parent=node.parent,
            section=section,
            units=self._units(node),
            closed=node.closed,
            content=self._content(node, [*wanted, *([] if section is None else [section])], asked, owner),
            dossiers=self._evidence.serving(node.id),
            actions=tuple(self._action(child, section, owner) for child in under),
        )

    def _content(
        self, node: Node, sections: Sequence[Section | None], template: Template, owner: UnitSlug | None
    ) -> Content:
        spot = Spot(template, owner, self._question.occurred_until)
        keys = [key_of(section) for section in sections]
        said = [fact for key, fact in self._said.get(f"objective/{node.id}", []) if key in keys]
        assigned = [fact for key, fact in self._assigned.get(f"assignment/{node.id}", []) if key in keys]
        section = next((section for section in sections if section is not None), None)
        budget = self._tables.budget(spot, section, assigned, said)
        return content_of(spot, said, budget, self._measures.at(node.id, sections, owner))

    def _template(self, level: Level) -> Template:
        match level:
            case "strategic":
                return STRATEGIC
            case "operational":
                return CARD if self._note.template == "cards" else OPERATIONAL
            case "action":
                return NOTHING

    def _places(self, action: Node) -> list[SectionKey]:
        """Return the sections of this letter in which an action stands, its own first."""
        shown = [section_key(section) for section in self._sections]
        keys = self._all_keys(action)
        own = key_of(action.section)
        return sorted((key for key in shown if key in keys), key=lambda key: (key != own, shown.index(key)))

    def _all_keys(self, action: Node) -> set[SectionKey]:
        """Return every section in which an action, or one under it, stands."""
        own = key_of(action.section)
        keys = {*self._keys(action), *action.sections, *([] if own is None else [own])}
        return keys.union(*(self._all_keys(child) for child in action.children))

    def _keys(self, node: Node) -> set[SectionKey]:
        """Return the sections that anything said of a node speaks of."""
        facts = [*self._said.get(f"objective/{node.id}", []), *self._assigned.get(f"assignment/{node.id}", [])]
        keys = {key for key, _ in facts} | {key_of(each) for each in self._measures.sections(node.id)}
        return {key for key in keys if key is not None}

    def _units(self, node: Node) -> tuple[Unit, ...]:
        units = [
            Unit(unit=event.unit, role=event.role, events=(fact.name,))
            for _, fact in self._said.get(f"objective/{node.id}", [])
            if isinstance(event := fact.event, UnitAssigned)
        ]
        return tuple(sorted(units, key=lambda unit: (unit.role != "lead", unit.unit)))

    def _lead(self, node: Node) -> UnitSlug | None:
        events = (fact.event for _, fact in self._said.get(f"objective/{node.id}", []))
        leads = [event.unit for event in events if isinstance(event, UnitAssigned) and event.role == "lead"]
        return min(leads, default=None)


def section_label(section: Section) -> Text:
    """Return the official name of a year-section."""
    if section.kind == "realised":
        return Text(fr=f"Réalisations {section.year}", nl=f"Verwezenlijkingen {section.year}")
    return Text(fr=f"Planning {section.year}", nl=f"Planning {section.year}")


def _budgets(objectives: Sequence[Objective], section: Section | None) -> Iterator[Budget]:
    for objective in objectives:
        for content in contents_in(objective, section):
            if content.budget is not None:
                yield content.budget


def _placed(facts: Iterable[StandingFact]) -> dict[str, list[InSection]]:
    """Return facts by their stream, each with the section that it speaks of."""
    return {stream: [(_section_of(fact), fact) for fact in group] for stream, group in by_stream(facts).items()}


def _section_of(fact: StandingFact) -> SectionKey | None:
    """Return the section that a fact speaks of; None for the objective as a whole."""
    section = vars(fact.event).get("section")  # asking for a member that there is not costs more than all others
    return section_key(section) if isinstance(section, Section) else None
