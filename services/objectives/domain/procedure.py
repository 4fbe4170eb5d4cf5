"""What comes in on a dossier: calls, public inquiries, appeals, applications and impact tests. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

from contracts.dates import ImpreciseDate
from contracts.decisions import (
    ApplicationCompleted,
    ApplicationId,
    ApplicationReceived,
    ImpactKind,
    ImpactTestAttached,
    Outcome,
)
from contracts.dossiers import (
    AppealDecided,
    AppealId,
    AppealLodged,
    CallClosed,
    CallLaunched,
    PublicInquiryClosed,
    PublicInquiryOpened,
)
from contracts.types import Cents, Count, Origin, PartyId, Ref, Words
from regesta.command import Context, Facts, Read, fact
from regesta.errors import Refused
from services.objectives.domain.dossier import Dossier, DossierCommand, commanded, take
from services.objectives.domain.errors import AppealUnknown, ApplicationUnknown, CallNotLaunched, InquiryNotOpen
from services.objectives.domain.party import require_party


class ReportableCommand(DossierCommand):
    """A command for a step that is decided here, or with `origin` reported by another system."""

    origin: Origin | None = None

    def open_to(self, context: Context) -> bool:
        """A reported step is no decision of a unit; take sees to it that a connector reports it."""
        del context
        return self.origin is not None


class LaunchCall(ReportableCommand):
    """Record that the call for projects is open."""

    name = "launch-call"
    closes_on: ImpreciseDate | None = None


class CloseCall(ReportableCommand):
    """Record that the call for projects is closed. received: how many applications came."""

    name = "close-call"
    received: Count | None = None


class OpenPublicInquiry(ReportableCommand):
    """Record that a public inquiry is open."""

    name = "open-public-inquiry"
    closes_on: ImpreciseDate | None = None


class ClosePublicInquiry(ReportableCommand):
    """Record that the public inquiry is closed. received: how many remarks came."""

    name = "close-public-inquiry"
    received: Count | None = None


class LodgeAppeal(ReportableCommand):
    """Record that someone appealed against the decision."""

    name = "lodge-appeal"
    appeal: AppealId
    court: Words | None = None
    by: PartyId | None = None


class DecideAppeal(ReportableCommand):
    """Record how an appeal came to its end."""

    name = "decide-appeal"
    appeal: AppealId
    outcome: Literal["upheld", "partly_upheld", "dismissed", "withdrawn"]


class ReceiveApplication(ReportableCommand):
    """Record that someone applied. amount_cents: what is asked for."""

    name = "receive-application"
    application: ApplicationId
    applicant: PartyId | None = None
    reference: Ref | None = None
    amount_cents: Cents | None = None


class CompleteApplication(ReportableCommand):
    """Record that an application has everything it needs: the clock of its instruction starts when this occurred."""

    name = "complete-application"
    application: ApplicationId


class AttachImpactTest(ReportableCommand):
    """Record the outcome of an impact test. document: where it is kept; a new document is a new test."""

    name = "attach-impact-test"
    kind: ImpactKind
    outcome: Outcome
    document: Ref | None = None
    application: ApplicationId | None = None


ProcedureCommands: TypeAlias = (
    LaunchCall
    | CloseCall
    | OpenPublicInquiry
    | ClosePublicInquiry
    | LodgeAppeal
    | DecideAppeal
    | ReceiveApplication
    | CompleteApplication
    | AttachImpactTest
)


def decide(command: ProcedureCommands, read: Read, context: Context) -> Facts:  # noqa: PLR0911 one per command
    """Return the step; nothing when it is recorded.

    Raises UnknownDossier, NotLeadUnit, StepDiffers, MayNotReport, PartyNotKnown, and when it is decided here, not reported: DossierIsSuspended,
    DossierHasEnded, CallNotLaunched, InquiryNotOpen, AppealUnknown, ApplicationUnknown.
    """
    dossier = commanded(command, read, context)
    match command:
        case LaunchCall():
            return take(dossier, context, fact(CallLaunched, command))
        case CloseCall():
            return take(dossier, context, fact(CallClosed, command), _without_call(dossier))
        case OpenPublicInquiry():
            return take(dossier, context, fact(PublicInquiryOpened, command))
        case ClosePublicInquiry():
            return take(dossier, context, fact(PublicInquiryClosed, command), _without_inquiry(dossier))
        case LodgeAppeal():
            require_party(read, command.by)
            return take(dossier, context, fact(AppealLodged, command))
        case DecideAppeal():
            return take(dossier, context, fact(AppealDecided, command), _without_appeal(dossier, command.appeal))
        case ReceiveApplication():
            require_party(read, command.applicant)
            return take(dossier, context, fact(ApplicationReceived, command))
        case CompleteApplication():
            return take(
                dossier, context, fact(ApplicationCompleted, command), without_application(dossier, command.application)
            )
        case AttachImpactTest():
            return take(
                dossier, context, fact(ImpactTestAttached, command), without_application(dossier, command.application)
            )
        case _:
            assert_never(command)


def without_application(dossier: Dossier, application: str | None) -> list[Refused]:
    """Return the objection to a step of an application that the dossier has not received."""
    if application is None or dossier.find(ApplicationReceived, application) is not None:
        return []
    return [
        ApplicationUnknown(
            f"dossier {dossier.key!r} has not received the application {application!r}", application=application
        )
    ]


def _without_call(dossier: Dossier) -> list[Refused]:
    if dossier.find(CallLaunched) is not None:
        return []
    return [CallNotLaunched(f"no call of dossier {dossier.key!r} was launched", dossier=dossier.key)]


def _without_inquiry(dossier: Dossier) -> list[Refused]:
    if dossier.find(PublicInquiryOpened) is not None:
        return []
    return [InquiryNotOpen(f"no public inquiry of dossier {dossier.key!r} was opened", dossier=dossier.key)]


def _without_appeal(dossier: Dossier, appeal: str) -> list[Refused]:
    if dossier.find(AppealLodged, appeal) is not None:
        return []
    return [AppealUnknown(f"no appeal {appeal!r} of dossier {dossier.key!r} was lodged", appeal=appeal)]
