"""Facts that stand, for tests of what a letter makes of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from contracts.budget import LineAssigned
from contracts.objectives import ObjectiveRegistered, PolicyNoteOpened
from contracts.types import Section, Text
from regesta.event import Event
from services.reporting.domain.assembly import Assembly, question_of
from services.reporting.domain.figure import Figure
from services.reporting.domain.knowledge import Knowledge, LedgerSum
from services.reporting.domain.letter import Letter
from services.reporting.domain.standing import StandingFact
from services.reporting.domain.tree import nodes_of, note_of, roots_of

ONE = "00000000-0000-4000-8000-000000000001"
TWO = "00000000-0000-4000-8000-000000000002"
THREE = "00000000-0000-4000-8000-000000000003"
ACCOUNT = Section(year=2023, kind="realised")
PLAN = Section(year=2024, kind="planned")
LINE = "urban.33.004.28.01.6321"
RECEIPT = "urban.02.002.08.01.3811"
OPENED = PolicyNoteOpened(title=Text(fr="Rénovation urbaine"), realised_year=2023, planned_year=2024)


@dataclass
class Facts:
    """Facts in the order they are said. note: those of the note; lists: the others, by the list of Knowledge."""

    note: list[StandingFact] = field(default_factory=list)
    lists: dict[str, list[StandingFact]] = field(default_factory=lambda: defaultdict(list))
    ledgers: dict[str, list[LedgerSum]] = field(default_factory=dict)
    dossier_links: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _positions: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.note.append(self.fact("objectives", "note/territorial", OPENED))

    def fact(self, source: str, stream: str, event: Event, occurred: str | None = None) -> StandingFact:
        """Return a fact that stands, recorded after those before."""
        position = next(self._positions)
        return StandingFact(f"{source}:{position}", position, stream, event, date(2024, 4, 15), occurred)

    def register(self, event: ObjectiveRegistered) -> None:
        """Let the note have an objective."""
        self.note.append(self.fact("objectives", "note/territorial", event))

    def add(self, group: str, stream: str, *events: Event) -> list[str]:
        """Add facts to one list of what is known, and return their names."""
        source = "kpi" if group == "indicators" else "objectives" if group in {"objectives", "dossiers"} else "budget"
        facts = [self.fact(source, stream, event) for event in events]
        self.lists[group] += facts
        return [fact.name for fact in facts]

    @property
    def knowledge(self) -> Knowledge:
        """All of them, as they are gathered."""
        return Knowledge(
            objectives=self.lists["objectives"],
            dossiers=self.lists["dossiers"],
            dossier_links=self.dossier_links,
            indicators=self.lists["indicators"],
            assignments=self.lists["assignments"],
            serving=[each for each in self.lists["assignments"] if isinstance(each.event, LineAssigned)],
            lines=self.lists["lines"],
            credits=self.lists["credits"],
            ledgers=self.ledgers,
            conventions=self.lists["conventions"],
            commitments=self.lists["commitments"],
        )

    def letter(self, year: int = 2024, occurred_until: date | None = None) -> Letter:
        """Return the letter over all of them."""
        found = note_of("territorial", self.note)
        assert found is not None
        note, opened = found
        nodes = nodes_of(self.note)
        roots = roots_of(nodes)
        question = replace(question_of(opened, year), occurred_until=occurred_until)
        return Assembly(note, nodes, self.knowledge, question).letter(roots, {})


def said(figure: Figure[Text]) -> str | None:
    """Return the French words of a text."""
    return None if figure.value is None else figure.value.fr
