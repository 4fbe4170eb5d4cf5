"""The annual letter of a policy note: one model from which its page and its JSON are rendered. Pure.

A letter holds nodes (objectives in their order, each with its actions). What can be said of a node, of a year-section or of
an action is the same `Content`. Nothing here depends on the day it is read, nor on what was recorded after its cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from contracts.dates import Certainty
from contracts.objectives import Deadline, FactType, FieldName, Level, Reading, Status
from contracts.types import NoteSlug, Number, ObjectiveId, Place, Section, Text, UnitSlug, Year
from regesta.event import Cut
from services.reporting.domain.budget import Budget, SectionTotal
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.figure import Answer, Events, Figure, Part, When
from services.reporting.domain.indicators import Indicator

# Of the form and the rules of a letter: raised when the same facts give other bytes than before.
MODEL: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Part):
    """One official text field. owner: the lead unit, which owes it while it is pending.

    A field that nobody stated is pending when there is a lead unit to fill it in, else unknown; then `events` is empty.
    asked: the template asks for it here; the others are shown because somebody stated them.
    """

    field: FieldName
    asked: bool = True
    figure: Figure[Text]
    owner: UnitSlug | None = None
    as_printed: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineEntry(Part):
    """When it is due. day: the date in words, when the deadline is a day or goes on until one. asked: see Statement."""

    asked: bool = True
    figure: Figure[Deadline]
    day: When | None = None
    owner: UnitSlug | None = None
    as_printed: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEntry(Part):
    """How far it is declared to be. as_printed: the words it was read from, always there when it is `other`."""

    asked: bool = True
    figure: Figure[Status]
    owner: UnitSlug | None = None
    as_printed: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff(Part):
    """Full-time equivalents. per: what a rate is for; a rate is never summed. unit: whose staff. owner: see Statement."""

    fte: Figure[Number]
    owner: UnitSlug | None = None
    basis: Literal["estimated", "actual"] | None = None
    per: str | None = None
    unit: UnitSlug | None = None
    as_printed: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Part):
    """A dated statement as printed. day_as_printed: when no date can be read. by: only with occurred_until in the question."""

    reading: Reading
    type: FactType
    text: Text
    type_as_printed: str | None = None
    day: When | None = None
    day_as_printed: str | None = None
    actor: str | None = None
    place: Place | None = None
    by: Certainty | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Part):
    """The dated statements of one place, kept apart by what they say; each list by date, those without one last."""

    done: tuple[Fact, ...] = ()
    planned: tuple[Fact, ...] = ()
    target: tuple[Fact, ...] = ()
    unmet: tuple[Fact, ...] = ()
    unclear: tuple[Fact, ...] = ()

    @property
    def all(self) -> tuple[Fact, ...]:
        """All of them, list after list."""
        return self.done + self.planned + self.target + self.unmet + self.unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Part):
    """An amount named in a document's text. amount: unknown when the text gives no figure."""

    text: Text
    amount: Figure[int]
    as_printed: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Part):
    """What is said of an objective, a year-section or an action.

    fields: in the official order of that level and section, then those stated beyond it. deadline, status: null where the
    template has no such field and nobody stated one. staff: one per basis and unit. budget: null where the template has none
    and nobody named a line.
    """

    fields: tuple[Statement, ...]
    deadline: DeadlineEntry | None = None
    status: StatusEntry | None = None
    staff: tuple[Staff, ...] = ()
    budget: Budget | None = None
    indicators: tuple[Indicator, ...] = ()
    facts: Facts
    amounts: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Part):
    """An administrative unit with its role."""

    unit: UnitSlug
    role: Literal["lead", "contributor"]
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing(Part):
    """Why a node is no longer followed. into: the objective it was merged into."""

    reason: Literal["completed", "stopped", "merged"]
    into: ObjectiveId | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Part):
    """An action or project, as it stands in one section of its objective (or in none).

    code, title: unknown when the note prints none. actions: those under this one.
    """

    id: ObjectiveId
    level: Level
    label: Text
    code: Figure[str]
    title: Figure[Text]
    parent: ObjectiveId | None = None
    section: Section | None = None
    units: tuple[Unit, ...] = ()
    closed: Closing | None = None
    content: Content
    dossiers: tuple[Dossier, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading(Part):
    """A heading of a year-section as printed. code, title: unknown when it has none."""

    code: Figure[str]
    title: Figure[Text]
    place: Place | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class YearSection(Part):
    """The account of a year or the plan for one, under an objective.

    printed: whether a note has this section, or something stands in it. headings: each as it was printed, in the order
    recorded; a document may print the section more than once.
    """

    section: Section
    label: Text
    printed: bool
    headings: tuple[Heading, ...] = ()
    content: Content
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere(Part):
    """A year-section that stands in the letter of another year. letter: its year; null when no letter accounts for it."""

    section: Section
    letter: Year | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(Part):
    """A strategic or operational objective. depth: 0 for one without a parent.

    realised, planned: its two year-sections; null for a strategic objective when nothing stands there. actions: those that
    stand in no year-section. elsewhere: other year-sections of it that are known.
    """

    id: ObjectiveId
    level: Level
    label: Text
    code: Figure[str]
    title: Figure[Text]
    parent: ObjectiveId | None = None
    depth: int
    units: tuple[Unit, ...] = ()
    closed: Closing | None = None
    content: Content
    realised: YearSection | None = None
    planned: YearSection | None = None
    actions: tuple[Action, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    dossiers: tuple[Dossier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Part):
    """The policy note. template: of its letters."""

    slug: NoteSlug
    title: Figure[Text]
    reference: Figure[str]
    legislature: Figure[str]
    template: Literal["full", "cards"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter(Part):
    """A letter as of a cut. objectives: depth first, each before those under it.

    year: N, the planned one; realised_year: N-1, unless the note says otherwise of this letter. cut: the last position read
    of each log. occurred_until: the day that `Fact.by` speaks of. totals: the whole letter's budget, each line counted once.
    """

    note: Note
    year: Year
    realised_year: Year
    cut: Cut
    occurred_until: date | None = None
    objectives: tuple[Objective, ...]
    totals: tuple[SectionTotal, ...]


class LetterOut(Answer):
    """A letter as it is served. Only `letter` is hashed: it depends on nothing beyond its cut.

    hash: SHA-256 of the letter's JSON, hexadecimal. complete: everything up to the cut has arrived; missing: the logs of which
    it has not. as_of: the day asked for.
    """

    letter: Letter
    hash: str
    complete: bool
    missing: tuple[str, ...] = ()
    as_of: date | None = None
