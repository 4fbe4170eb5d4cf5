"""What the objectives service records about notes, objectives and parties; see also dossiers.py, decisions.py, agenda.py."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypeAliasType

from contracts import agenda, decisions, dossiers
from contracts.dates import ImpreciseDate
from contracts.types import (
    Cents,
    NoteSlug,
    Number,
    ObjectiveId,
    Place,
    Printed,
    Ref,
    Section,
    Stated,
    Text,
    UnitSlug,
    Value,
    Words,
    Year,
)
from regesta.event import Event

Level: TypeAlias = Literal["strategic", "operational", "action"]
# The fields of a letter that hold text. A budget category holds none here but its kind of empty ("Néant").
FieldName: TypeAlias = Literal[
    "description",
    "desired_result",
    "achieved_result",
    "source_document",
    "equal_opportunity",
    "success_conditions",
    "ict_needs",
    "partners",
    "audience",
    "account",
    "actions",
    "output",
    "desired_output",
    "indicators",
    "budget_personnel",
    "budget_running",
    "budget_assets",
    "budget_other",
]
Status: TypeAlias = Literal["on_schedule", "in_progress", "behind", "completed", "stopped", "to_be_corrected", "other"]
# Names as the files of facts have them: a type says what was printed, not what happened.
FactType: TypeAlias = Literal[
    "submission",
    "approval",
    "refusal",
    "selected",
    "awarded",
    "notified",
    "launched",
    "call_launched",
    "call_closed",
    "application_received",
    "opinion",
    "commitment",
    "liquidation",
    "advance",
    "advance_paid",
    "convention_signed",
    "contract",
    "study",
    "study_started",
    "study_finished",
    "event_held",
    "public_inquiry",
    "publication",
    "published",
    "report_delivered",
    "deadline",
    "target",
    "other",
]
Reading: TypeAlias = Literal["done", "planned", "target", "unmet", "unclear"]
Template: TypeAlias = Literal["full", "cards"]
ClosingReason: TypeAlias = Literal["completed", "stopped", "merged", "registered_in_error"]
Role: TypeAlias = Literal["lead", "contributor"]
StaffBasis: TypeAlias = Literal["estimated", "actual"]
PartyKind: TypeAlias = Literal["person", "organisation"]


class PolicyNoteOpened(Event):
    """A policy note is followed from now on. Opens note/{slug}.

    reference: its parliamentary number; two notes share one in practice. legislature: "2019-2024". template: full, or the
    short cards of the tourism agency. realised_year, planned_year: of the letter it was first read from.
    """

    name = "policy-note-opened.v1"
    title: Text
    reference: Ref | None = None
    legislature: Ref | None = None
    template: Template = "full"
    realised_year: Year | None = None
    planned_year: Year | None = None


class ObjectiveRegistered(Event):
    """A note has an objective, or an action under one; recorded together with ObjectiveOpened.

    code: unique in the note when there is one. parent: in the same note; None for a strategic objective. section: where an
    action is printed; None for an objective. place: where it was read; None when it was entered here.
    """

    name = "objective-registered.v1"
    objective: ObjectiveId
    level: Level
    code: Ref | None = None
    parent: ObjectiveId | None = None
    title: Text | None = None
    section: Section | None = None
    place: Place | None = None


class ObjectiveOpened(Event):
    """An objective's own history begins. Opens objective/{id}, in the unit of its ObjectiveRegistered."""

    name = "objective-opened.v1"
    note: NoteSlug
    level: Level


class SectionPrinted(Event):
    """A printed note has a year-section for an objective; kept when nothing stands in it. code: as printed there.

    One for each heading: a note may print two of a section, with other codes or titles.
    """

    name = "section-printed.v1"
    objective: ObjectiveId
    section: Section
    code: Ref | None = None
    title: Text | None = None
    place: Place | None = None


class ObjectiveRetitled(Event):
    """An objective has another title from now on."""

    name = "objective-retitled.v1"
    objective: ObjectiveId
    title: Text


class ObjectiveRenumbered(Event):
    """An objective has another code from now on, or none; the former one stays its alias until now."""

    name = "objective-renumbered.v1"
    objective: ObjectiveId
    code: Ref | None = None


class ObjectiveMoved(Event):
    """An objective stands under another parent of the same note from now on; None: under the note itself."""

    name = "objective-moved.v1"
    objective: ObjectiveId
    parent: ObjectiveId | None = None


class ObjectiveClosed(Event):
    """An objective is no longer followed. into: the objective it was merged into, only with reason merged."""

    name = "objective-closed.v1"
    objective: ObjectiveId
    reason: ClosingReason
    into: ObjectiveId | None = None


class FieldStated(Event):
    """What a field of the letter says; the latest statement of a field and section counts.

    section: None for a field of the objective as a whole. as_printed: the words it was read from.
    """

    name = "field-stated.v1"
    field: FieldName
    value: Stated[Text]
    section: Section | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class OnDay(Value):
    """Due on a day, in a month, by the end of a year: as far as it is known."""

    kind: Literal["day"]
    day: ImpreciseDate


class Continuous(Value):
    """No end to reach. until: how long it goes on, when that is said."""

    kind: Literal["continuous"]
    until: ImpreciseDate | None = None


class EndOfLegislature(Value):
    """Due when the note's legislature ends."""

    kind: Literal["end_of_legislature"]


class Relative(Value):
    """Due so many days after another event, before it when negative. to: that event in words."""

    kind: Literal["relative"]
    to: Words
    offset_days: Annotated[int, Field(strict=True, ge=-36600, le=36600)]
    calendar: Literal["calendar", "working"]


class InWords(Value):
    """Due as these words say; no day can be told from them."""

    kind: Literal["text"]
    text: Text


# Named, so that Stated[Deadline] has a readable name in a schema.
Deadline = TypeAliasType(
    "Deadline",
    Annotated[OnDay | Continuous | EndOfLegislature | Relative | InWords, Field(discriminator="kind")],
)


class DeadlineSet(Event):
    """When an objective or an action is due; the latest statement of a section counts. as_printed: what it was read from."""

    name = "deadline-set.v1"
    deadline: Stated[Deadline]
    section: Section | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class StatusReported(Event):
    """How far an objective or an action is said to be; the latest statement of a section counts.

    as_printed: the words it was read from; always there when the status is other.
    """

    name = "status-reported.v1"
    status: Status
    section: Section | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class UnitAssigned(Event):
    """An administrative unit leads an objective or contributes to it."""

    name = "unit-assigned.v1"
    unit: UnitSlug
    role: Role


class UnitReleased(Event):
    """An administrative unit no longer has this role."""

    name = "unit-released.v1"
    unit: UnitSlug
    role: Role


class StaffEstimated(Event):
    """How many full-time equivalents work on it; the latest statement of a section, basis and unit counts.

    per: what a rate is for ("contract" in "2 per contract"); a rate is never summed.
    """

    name = "staff-estimated.v1"
    fte: Stated[Number]
    section: Section | None = None
    basis: StaffBasis | None = None
    unit: UnitSlug | None = None
    per: Words | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class FactPrinted(Event):
    """A document says that something happened or will; evidence that it was printed, not that it happened.

    type_as_printed: its name there when the type is other. day: None when it cannot be read, then day_as_printed holds it.
    actor: who did it, as printed. reading: unclear when the tense does not tell; never done by default.
    """

    name = "fact-printed.v1"
    withdrawable = True
    type: FactType
    text: Text
    reading: Reading
    day: ImpreciseDate | None = None
    day_as_printed: Printed | None = None
    type_as_printed: Printed | None = None
    actor: Words | None = None
    section: Section | None = None
    place: Place | None = None


class AmountPrinted(Event):
    """A document names an amount in its text; never turned into credits or payments.

    amount_cents: euro cents; None when the text gives no figure. amount_as_printed: "12,5 Mio", "minimum".
    """

    name = "amount-printed.v1"
    withdrawable = True
    text: Text
    amount_cents: Cents | None = None
    amount_as_printed: Printed | None = None
    section: Section | None = None
    place: Place | None = None


class PartyRegistered(Event):
    """A person or an organisation takes part. Opens party/{id}; its name is in the register, where it can be erased."""

    name = "party-registered.v1"
    kind: PartyKind


class PartyErased(Event):
    """The register forgot a party: its facts stay, its name is gone."""

    name = "party-erased.v1"


# All that the service records.
EVENTS: tuple[type[Event], ...] = (
    PolicyNoteOpened,
    ObjectiveRegistered,
    ObjectiveOpened,
    SectionPrinted,
    ObjectiveRetitled,
    ObjectiveRenumbered,
    ObjectiveMoved,
    ObjectiveClosed,
    FieldStated,
    DeadlineSet,
    StatusReported,
    UnitAssigned,
    UnitReleased,
    StaffEstimated,
    FactPrinted,
    AmountPrinted,
    PartyRegistered,
    PartyErased,
    *dossiers.EVENTS,
    *decisions.EVENTS,
    *agenda.EVENTS,
)
