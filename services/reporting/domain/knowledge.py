"""What a letter is made of: the facts that stood at its cut, grouped by what they speak of. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from contracts.types import EventName, ObjectiveId, Section
from services.reporting.domain.standing import StandingFact
from services.reporting.domain.tree import SectionKey, section_key


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """The facts of one type in a ledger (and of one credit, for transfers), summed. events: in the order recorded."""

    type: str
    credit: str | None
    cents: int
    unchecked: bool
    events: tuple[EventName, ...]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All facts behind one letter, each list in the order recorded.

    objectives, assignments: of the note's objectives. indicators: of those placed under them. dossiers, conventions,
    commitments: that serve them. serving: every assignment of the lines, also of other notes. credits, ledgers: by stream.
    dossier_links: the objectives of each dossier's stream.
    """

    objectives: Sequence[StandingFact] = ()
    dossiers: Sequence[StandingFact] = ()
    dossier_links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    indicators: Sequence[StandingFact] = ()
    assignments: Sequence[StandingFact] = ()
    serving: Sequence[StandingFact] = ()
    lines: Sequence[StandingFact] = ()
    credits: Sequence[StandingFact] = ()
    ledgers: Mapping[str, Sequence[LedgerSum]] = field(default_factory=dict)
    conventions: Sequence[StandingFact] = ()
    commitments: Sequence[StandingFact] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a letter. occurred_until: tell of each dated fact whether it had happened by then.

    accounts: the years of which the note itself says what their letters account for.
    """

    year: int
    realised_year: int
    occurred_until: date | None = None
    accounts: Mapping[int, int] = field(default_factory=dict)

    @property
    def sections(self) -> tuple[Section, Section]:
        """The account of the year before and the plan."""
        return Section(year=self.realised_year, kind="realised"), Section(year=self.year, kind="planned")

    def letter_of(self, section: Section) -> int | None:
        """Return the year of the letter in which a section stands; None when no letter accounts for it."""
        if section.kind == "planned":
            return section.year
        letters = [year for year, accounted in self.accounts.items() if accounted == section.year]
        after = section.year + 1
        return min([*letters, *([] if after in self.accounts else [after])], default=None)


def by_stream(facts: Iterable[StandingFact]) -> dict[str, list[StandingFact]]:
    """Return facts by their stream."""
    grouped: dict[str, list[StandingFact]] = defaultdict(list)
    for fact in facts:
        grouped[fact.stream].append(fact)
    return grouped


def key_of(section: Section | None) -> SectionKey | None:
    """Return a section as a key, None for the objective as a whole."""
    return None if section is None else section_key(section)


def objective_of(stream: str) -> ObjectiveId:
    """Return the objective of an objective's or an assignment's stream."""
    return stream.partition("/")[2]
