"""Why this service says no: one class per reason. The code of a rule is also the name of its breach. Pure.

NotFound
├── UnknownNote, UnknownObjective, UnknownDossier, UnknownMilestone, UnknownParty
UnknownReference
├── ObjectiveNotKnown, DossierNotKnown, ParentNotKnown, PartyNotKnown
Forbidden
├── NotLeadUnit
Differs
├── NoteDiffers, ObjectiveDiffers, SectionDiffers, RoleDiffers, ClosingDiffers
├── DossierDiffers, MilestoneDiffers, StepDiffers, PartyDiffers
Refused
├── CodeTaken, LevelOutOfOrder, TooDeep, MovedUnderItself, ObjectiveIsClosed, StillOpenUnder, LeadTaken
├── NotAProgramme, ProgrammeUnderItself, DossierIsSuspended, DossierHasEnded, NotSuspended, MergedIntoItself
├── MilestoneSettled, ApplicationUnknown, CallNotLaunched, InquiryNotOpen, AppealUnknown
├── AlreadyDecided, NotGranted, OpinionNotIssued, NothingToOverride
├── AuthorityTooLow, OpinionMissing, OpinionUnfavourable, BudgetAgreementMissing, DecisionMissing
└── FactsInTheWay
"""

from __future__ import annotations

from regesta.errors import Differs, Forbidden, NotFound, Refused, UnknownReference


class UnknownNote(NotFound):
    """No policy note is open under this slug."""

    code = "unknown-note"


class UnknownObjective(NotFound):
    """No objective is registered under this id."""

    code = "unknown-objective"


class UnknownDossier(NotFound):
    """No dossier is open under this id."""

    code = "unknown-dossier"


class UnknownMilestone(NotFound):
    """The dossier plans no milestone under this id."""

    code = "unknown-milestone"


class UnknownParty(NotFound):
    """No party is registered under this id."""

    code = "unknown-party"


class UnknownRecommendation(NotFound):
    """No recommendation is registered under this id."""

    code = "unknown-recommendation"


class UnknownRegulation(NotFound):
    """No regulation is on the agenda under this id."""

    code = "unknown-regulation"


class ObjectiveNotKnown(UnknownReference):
    """A command names an objective that is not registered."""

    code = "objective-not-known"


class DossierNotKnown(UnknownReference):
    """A command names another dossier that is not open."""

    code = "dossier-not-known"


class ParentNotKnown(UnknownReference):
    """The parent is no objective of this note."""

    code = "parent-not-known"


class PartyNotKnown(UnknownReference):
    """A command names a party that is not registered."""

    code = "party-not-known"


class NotLeadUnit(Forbidden):
    """The objective, or the one that the dossier serves, has a lead unit, and the token does not act for it."""

    code = "not-lead-unit"


class NoteDiffers(Differs):
    """The slug stands for a note with other content."""

    code = "note-differs"


class ObjectiveDiffers(Differs):
    """The id stands for an objective with other content, or of another note."""

    code = "objective-differs"


class SectionDiffers(Differs):
    """The same heading is recorded with another `occurred`."""

    code = "section-differs"


class RoleDiffers(Differs):
    """The unit took on this role, or gave it up, at another time than is said now."""

    code = "role-differs"


class RecommendationDiffers(Differs):
    """The id stands for a recommendation with other content."""

    code = "recommendation-differs"


class RegulationDiffers(Differs):
    """The regulation reached this stage and round, or was adopted, with other content."""

    code = "regulation-differs"


class ClosingDiffers(Differs):
    """The objective is closed already, for another reason, into another one or at another time."""

    code = "closing-differs"


class DossierDiffers(Differs):
    """The dossier is opened, linked, suspended, resumed or ended with other content."""

    code = "dossier-differs"


class MilestoneDiffers(Differs):
    """The milestone is planned, put off, reached or cancelled with other content."""

    code = "milestone-differs"


class StepDiffers(Differs):
    """This step of the dossier is recorded with other content."""

    code = "step-differs"


class PartyDiffers(Differs):
    """The id stands for a party of another kind, or it was registered or erased at another time."""

    code = "party-differs"


class CodeTaken(Refused):
    """Another objective of the note has this code."""

    code = "code-taken"


class LevelOutOfOrder(Refused):
    """A parent must be of a higher level: strategic, operational, action."""

    code = "level-out-of-order"


class TooDeep(Refused):
    """A note has at most 16 levels, one under the other."""

    code = "too-deep"


class MovedUnderItself(Refused):
    """An objective cannot stand under itself."""

    code = "moved-under-itself"


class ObjectiveIsClosed(Refused):
    """The objective is no longer followed."""

    code = "objective-closed"


class StillOpenUnder(Refused):
    """What was registered in error cannot be closed while something under it is open; details.open names it."""

    code = "still-open-under"


class LeadTaken(Refused):
    """Another unit leads the objective."""

    code = "lead-taken"


class NotAProgramme(Refused):
    """A dossier can belong only to one of kind programme."""

    code = "not-a-programme"


class ProgrammeUnderItself(Refused):
    """A programme cannot belong to itself."""

    code = "programme-under-itself"


class DossierIsSuspended(Refused):
    """The dossier waits: nothing is decided on it until it is resumed."""

    code = "dossier-suspended"


class DossierHasEnded(Refused):
    """The dossier was stopped, merged or completed."""

    code = "dossier-ended"


class NotSuspended(Refused):
    """The dossier does not wait, so it cannot be resumed."""

    code = "not-suspended"


class MergedIntoItself(Refused):
    """Nothing can be merged into itself."""

    code = "merged-into-itself"


class MilestoneSettled(Refused):
    """The milestone was reached or cancelled."""

    code = "milestone-settled"


class ApplicationUnknown(Refused):
    """The dossier has not received this application."""

    code = "application-unknown"


class CallNotLaunched(Refused):
    """A call closes only after it was launched."""

    code = "call-not-launched"


class InquiryNotOpen(Refused):
    """A public inquiry closes only after it was opened."""

    code = "inquiry-not-open"


class AppealUnknown(Refused):
    """No such appeal was lodged."""

    code = "appeal-unknown"


class AlreadyDecided(Refused):
    """The authority decided this step and round already, the other way."""

    code = "already-decided"


class NotGranted(Refused):
    """An approval that was not granted cannot be taken back."""

    code = "not-granted"


class OpinionNotIssued(Refused):
    """An opinion that was not given cannot be overridden."""

    code = "opinion-not-issued"


class NothingToOverride(Refused):
    """A favourable opinion needs no override."""

    code = "nothing-to-override"


class AuthorityTooLow(Refused):
    """The amount needs the decision of a higher authority."""

    code = "authority-too-low"


class OpinionMissing(Refused):
    """The amount needs an opinion of the Inspector of Finance."""

    code = "opinion-missing"


class OpinionUnfavourable(Refused):
    """The Inspector's last opinion is unfavourable and nobody overrode it."""

    code = "opinion-unfavourable"


class BudgetAgreementMissing(Refused):
    """The amount needs the agreement of the Budget minister."""

    code = "budget-agreement-missing"


class DecisionMissing(Refused):
    """The amount needs a decision to grant it."""

    code = "decision-missing"


class RegulationIsAdopted(Refused):
    """The regulation was adopted: it is scheduled no more and reaches no stage."""

    code = "regulation-adopted"


class RoundMissing(Refused):
    """A stage comes again only after the round before."""

    code = "round-missing"


class FactsInTheWay(Refused):
    """A step cannot be withdrawn while others rest on it; details.events names them."""

    code = "facts-in-the-way"
