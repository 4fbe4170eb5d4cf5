"""A policy note: which objectives it has, under which code and parent, and the year-sections printed in it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Self, TypeAlias, assert_never

from pydantic import model_validator

from contracts.objectives import (
    ClosingReason,
    Level,
    ObjectiveClosed,
    ObjectiveMoved,
    ObjectiveOpened,
    ObjectiveRegistered,
    ObjectiveRenumbered,
    ObjectiveRetitled,
    PolicyNoteOpened,
    SectionPrinted,
    Template,
)
from contracts.types import BoundedRef, NoteSlug, ObjectiveId, Place, Section, Text, Year
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded, repeats
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.errors import (
    ClosingDiffers,
    CodeTaken,
    LevelOutOfOrder,
    MergedIntoItself,
    MovedUnderItself,
    NoteDiffers,
    ObjectiveDiffers,
    ObjectiveIsClosed,
    ObjectiveNotKnown,
    ParentNotKnown,
    SectionDiffers,
    StillOpenUnder,
    TooDeep,
    UnknownNote,
    UnknownObjective,
)
from services.objectives.domain.objective import Objective, require_lead

# From above to below: a parent is of a higher level; only an action can stand under another one.
RANKS: Final[dict[Level, int]] = {"strategic": 0, "operational": 1, "action": 2}
# A printed note has four or five. A letter is put together, written and shown by functions that call themselves for each.
LEVELS_MOST: Final = 16
NoteEvent: TypeAlias = (
    PolicyNoteOpened
    | ObjectiveRegistered
    | SectionPrinted
    | ObjectiveRetitled
    | ObjectiveRenumbered
    | ObjectiveMoved
    | ObjectiveClosed
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An objective as the note has it now, by what was last said of its title, its code and where it stands.

    registered: as it came; closed: how it ended, None while it is followed.
    """

    registered: ObjectiveRegistered
    titled: ObjectiveRegistered | ObjectiveRetitled
    numbered: ObjectiveRegistered | ObjectiveRenumbered
    placed: ObjectiveRegistered | ObjectiveMoved
    closed: ObjectiveClosed | None = None

    @property
    def code(self) -> str | None:
        """Its code, if it has one."""
        return self.numbered.code

    @property
    def parent(self) -> str | None:
        """What it stands under; None: the note itself."""
        return self.placed.parent


@dataclass(slots=True)
class Note(State):
    """objectives: by id. codes: the id behind each code that is in use. sections: every heading, by what is printed."""

    prefix: ClassVar[str] = "note"

    opened: PolicyNoteOpened | None = None
    objectives: dict[str, Entry] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    sections: dict[SectionPrinted, SectionPrinted] = field(default_factory=dict)

    def entry(self, objective: str) -> Entry:
        """Return an objective of this note. Raises UnknownObjective."""
        entry = self.objectives.get(objective)
        if entry is None:
            raise UnknownObjective(f"note {self.key!r} has no objective {objective!r}", objective=objective)
        return entry

    def followed(self, objective: str) -> Entry:
        """Return an objective that is not closed. Raises UnknownObjective, ObjectiveIsClosed."""
        entry = self.entry(objective)
        if entry.closed is not None:
            raise ObjectiveIsClosed(
                f"objective {objective!r} is closed: {entry.closed.reason}",
                objective=objective,
                reason=entry.closed.reason,
            )
        return entry

    def lineage(self, objective: str | None) -> Iterator[str]:
        """Yield an objective and what it stands under, from below to above."""
        while objective is not None:
            yield objective
            objective = self.objectives[objective].parent

    def levels_of(self, objective: str) -> int:
        """Return how many levels an objective and what stands under it take."""
        under: dict[str | None, list[str]] = {}
        for key, entry in self.objectives.items():
            under.setdefault(entry.parent, []).append(key)
        levels, row = 0, [objective]
        while row:
            levels += 1
            row = [child for key in row for child in under.get(key, ())]
        return levels


class NoteCommand(ObjectivesCommand):
    """A command on a note."""

    note: NoteSlug

    @property
    def stream(self) -> str:
        """The note's stream."""
        return Note.name_of(self.note)


class OpenNote(NoteCommand):
    """Follow a policy note from now on."""

    name = "open-note"
    title: Text
    reference: BoundedRef | None = None
    legislature: BoundedRef | None = None
    template: Template = "full"
    realised_year: Year | None = None
    planned_year: Year | None = None


class RegisterObjective(NoteCommand):
    """Register an objective of a note, or an action under one.

    A code is unique in the note; the parent is of a higher level, or an action above an action; only an action has a section, where it is printed.
    A note has at most 16 levels.
    """

    name = "register-objective"
    objective: ObjectiveId
    level: Level
    code: BoundedRef | None = None
    parent: ObjectiveId | None = None
    title: Text | None = None
    section: Section | None = None
    place: Place | None = None

    @model_validator(mode="after")
    def _section_of_an_action(self) -> Self:
        if self.section is not None and self.level != "action":
            raise ValueError(f"only an action is printed in a section, not a {self.level!r} objective")
        return self


class PrintSection(NoteCommand):
    """Record that the printed note has this year-section for an objective, under this heading.

    A note may print several headings, even with one code; each is evidence, and the same one is recorded once.
    """

    name = "print-section"
    objective: ObjectiveId
    section: Section
    code: BoundedRef | None = None
    title: Text | None = None
    place: Place | None = None


class LedCommand(NoteCommand):
    """A command that only the lead unit of its objective may give, where there is one."""

    objective: ObjectiveId


class RetitleObjective(LedCommand):
    """Give an objective another title."""

    name = "retitle-objective"
    title: Text


class RenumberObjective(LedCommand):
    """Give an objective another code, or none."""

    name = "renumber-objective"
    code: BoundedRef | None = None


class MoveObjective(LedCommand):
    """Put an objective under another parent of the same note; none: under the note itself."""

    name = "move-objective"
    parent: ObjectiveId | None = None


class CloseObjective(LedCommand):
    """Stop following an objective. One that was registered in error must have nothing open under it."""

    name = "close-objective"
    reason: ClosingReason
    into: ObjectiveId | None = None

    @model_validator(mode="after")
    def _into_when_merged(self) -> Self:
        if (self.into is not None) != (self.reason == "merged"):
            raise ValueError("into names the objective it was merged into, and only with the reason 'merged'")
        return self


def open_note(command: OpenNote, read: Read, _context: Context) -> Facts:
    """Return the opening; nothing when the note is open. Raises NoteDiffers when the slug stands for another note."""
    note, opened = read(Note, command.note), fact(PolicyNoteOpened, command)
    return nothing() if recorded(note.opened, opened, NoteDiffers) else {note.stream: [opened]}


def register(command: RegisterObjective, read: Read, _context: Context) -> Facts:
    """Return the registration, and the opening of the objective's own stream; nothing when it is registered.

    Raises UnknownNote, ObjectiveDiffers, CodeTaken, ParentNotKnown, LevelOutOfOrder, TooDeep, ObjectiveIsClosed (the parent is).
    """
    note, objective = _open(command, read), read(Objective, command.objective)
    registered = fact(ObjectiveRegistered, command)
    known = note.objectives.get(command.objective)
    if known is not None and recorded(known.registered, registered, ObjectiveDiffers):
        return nothing()
    if objective.version > 0:
        raise ObjectiveDiffers(
            f"objective {objective.key!r} is registered in the note {objective.note!r}, not {command.note!r}",
            field="note", recorded=objective.note, given=command.note,
        )  # fmt: skip
    _require_free(note, command.code, command.objective)
    _require_parent(note, command.parent, command.level)
    _require_room(note, command.parent, 1)
    opened = ObjectiveOpened(note=command.note, level=command.level)
    return {note.stream: [registered], objective.stream: [opened]}


def print_section(command: PrintSection, read: Read, _context: Context) -> Facts:
    """Return the heading; nothing when it is recorded. Raises UnknownNote, UnknownObjective, SectionDiffers."""
    note = _open(command, read)
    note.entry(command.objective)
    printed = fact(SectionPrinted, command)
    return nothing() if recorded(note.sections.get(printed), printed, SectionDiffers) else {note.stream: [printed]}


def retitle(command: RetitleObjective, read: Read, context: Context) -> Facts:
    """Return the new title; nothing when it has it. Raises UnknownNote, UnknownObjective, NotLeadUnit, ObjectiveIsClosed."""
    note, asked = _led(command, read, context), fact(ObjectiveRetitled, command)
    if repeats(note.entry(command.objective).titled, asked):
        return nothing()
    note.followed(command.objective)
    return {note.stream: [asked]}


def renumber(command: RenumberObjective, read: Read, context: Context) -> Facts:
    """Return the new code; nothing when it has it. Raises as retitle, CodeTaken."""
    note, asked = _led(command, read, context), fact(ObjectiveRenumbered, command)
    if repeats(note.entry(command.objective).numbered, asked):
        return nothing()
    note.followed(command.objective)
    _require_free(note, command.code, command.objective)
    return {note.stream: [asked]}


def move(command: MoveObjective, read: Read, context: Context) -> Facts:
    """Return the new parent; nothing when it stands there.

    Raises as retitle, ParentNotKnown, MovedUnderItself, LevelOutOfOrder, TooDeep.
    """
    note, asked = _led(command, read, context), fact(ObjectiveMoved, command)
    entry = note.entry(command.objective)
    if repeats(entry.placed, asked):
        return nothing()
    note.followed(command.objective)
    if command.parent in note.objectives and command.objective in note.lineage(command.parent):
        raise MovedUnderItself(
            f"objective {command.objective!r} cannot stand under {command.parent!r}, which is itself or under it",
            objective=command.objective,
            parent=command.parent,
        )
    _require_parent(note, command.parent, entry.registered.level)
    _require_room(note, command.parent, note.levels_of(command.objective))
    return {note.stream: [asked]}


def close(command: CloseObjective, read: Read, context: Context) -> Facts:
    """Return the closing; nothing when it is closed so.

    Raises UnknownNote, UnknownObjective, NotLeadUnit, ClosingDiffers, ObjectiveNotKnown, MergedIntoItself, StillOpenUnder.
    """
    note = _led(command, read, context)
    closed = fact(ObjectiveClosed, command)
    if recorded(note.entry(command.objective).closed, closed, ClosingDiffers):
        return nothing()
    if command.into is not None:
        _require_target(note, command.objective, command.into)
    if command.reason == "registered_in_error":
        _require_nothing_under(note, command.objective, read)
    return {note.stream: [closed]}


def _open(command: NoteCommand, read: Read) -> Note:
    """Return the note that a command is on. Raises UnknownNote."""
    note = read(Note, command.note)
    if note.opened is None:
        raise UnknownNote(f"no note {command.note!r} is open", note=command.note)
    return note


def _led(command: LedCommand, read: Read, context: Context) -> Note:
    """Return the note that a command is on. Raises UnknownNote, UnknownObjective, NotLeadUnit."""
    note = _open(command, read)
    note.entry(command.objective)
    require_lead([read(Objective, command.objective)], context)
    return note


def _require_free(note: Note, code: str | None, objective: str) -> None:
    holder = None if code is None else note.codes.get(code)
    if holder is not None and holder != objective:
        raise CodeTaken(f"code {code!r} of note {note.key!r} is that of {holder!r}", code=code, objective=holder)


def _require_parent(note: Note, parent: str | None, level: Level) -> None:
    if parent is None:
        return
    if parent not in note.objectives:
        raise ParentNotKnown(f"note {note.key!r} has no objective {parent!r} to stand under", parent=parent)
    above = note.followed(parent).registered.level
    if RANKS[above] >= RANKS[level] and not above == level == "action":
        raise LevelOutOfOrder(
            f"a {level!r} objective cannot stand under a {above!r} one, {parent!r}", parent=parent, level=above
        )


def _require_room(note: Note, parent: str | None, levels: int) -> None:
    """Refuse what would take so many levels under a parent that the note has too many."""
    levels += sum(1 for _ in note.lineage(parent))
    if levels > LEVELS_MOST:
        raise TooDeep(
            f"under {parent!r} the note would have {levels} levels, of {LEVELS_MOST} at most",
            parent=parent, levels=levels, most=LEVELS_MOST,
        )  # fmt: skip


def _require_target(note: Note, objective: str, into: str) -> None:
    if into == objective:
        raise MergedIntoItself(f"objective {objective!r} cannot be merged into itself", into=into)
    if into not in note.objectives:
        raise ObjectiveNotKnown(f"note {note.key!r} has no objective {into!r} to merge into", objective=into)
    note.followed(into)


def _require_nothing_under(note: Note, objective: str, read: Read) -> None:
    children = [key for key, entry in note.objectives.items() if entry.parent == objective and entry.closed is None]
    dossiers = [key for key in read(Objective, objective).dossiers if read(Dossier, key).ended is None]
    names = sorted([*map(Objective.name_of, children), *map(Dossier.name_of, dossiers)])
    if names:
        raise StillOpenUnder(f"objective {objective!r} has {len(names)} open under it: {names}", open=[*names])


def evolve(note: Note, event: NoteEvent) -> None:
    """Apply one recorded fact of a note."""
    match event:
        case PolicyNoteOpened():
            note.opened = event
        case ObjectiveRegistered():
            note.objectives[event.objective] = Entry(event, event, event, event)
            _take(note, event)
        case SectionPrinted():
            note.sections[event] = event
        case ObjectiveRetitled():
            note.objectives[event.objective] = replace(note.objectives[event.objective], titled=event)
        case ObjectiveRenumbered():
            _free(note, event.objective)
            note.objectives[event.objective] = replace(note.objectives[event.objective], numbered=event)
            _take(note, event)
        case ObjectiveMoved():
            note.objectives[event.objective] = replace(note.objectives[event.objective], placed=event)
        case ObjectiveClosed():
            note.objectives[event.objective] = replace(note.objectives[event.objective], closed=event)
            if event.reason == "registered_in_error":
                _free(note, event.objective)
        case _:
            assert_never(event)


def _take(note: Note, event: ObjectiveRegistered | ObjectiveRenumbered) -> None:
    if event.code is not None:
        note.codes[event.code] = event.objective


def _free(note: Note, objective: str) -> None:
    """Give up the code of an objective, unless another one has it by now."""
    code = note.objectives[objective].code
    if code is not None and note.codes.get(code) == objective:
        del note.codes[code]
