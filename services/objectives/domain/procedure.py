"""What comes in on a dossier: calls, public inquiries, appeals, applications and impact tests. Pure.

Every rule here returns a step, nothing when it is recorded, and raises what `commanded` and `take` do beside its own.
"""

from __future__ import annotations

from typing import Literal

from contracts.dates import BoundedDate
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
from contracts.types import BoundedRef, Cents, Count, Origin, PartyId, Words
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
    closes_on: BoundedDate | None = None


class CloseCall(ReportableCommand):
    """Record that the call for projects is closed. received: how many applications came."""

    name = "close-call"
    received: Count | None = None


class OpenPublicInquiry(ReportableCommand):
    """Record that a public inquiry is open."""

    name = "open-public-inquiry"
    closes_on: BoundedDate | None = None


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
    reference: BoundedRef | None = None
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
    document: BoundedRef | None = None
    application: ApplicationId | None = None


def launch_call(command: LaunchCall, read: Read, context: Context) -> Facts:
    """Return the launch."""
    return take(commanded(command, read, context), context, fact(CallLaunched, command))


def close_call(command: CloseCall, read: Read, context: Context) -> Facts:
    """Return the closing. Raises CallNotLaunched."""
    dossier = commanded(command, read, context)
    return take(dossier, context, fact(CallClosed, command), _without_call(dossier))


def open_inquiry(command: OpenPublicInquiry, read: Read, context: Context) -> Facts:
    """Return the opening."""
    return take(commanded(command, read, context), context, fact(PublicInquiryOpened, command))


def close_inquiry(command: ClosePublicInquiry, read: Read, context: Context) -> Facts:
    """Return the closing. Raises InquiryNotOpen."""
    dossier = commanded(command, read, context)
    return take(dossier, context, fact(PublicInquiryClosed, command), _without_inquiry(dossier))


def lodge_appeal(command: LodgeAppeal, read: Read, context: Context) -> Facts:
    """Return the appeal. Raises PartyNotKnown."""
    dossier = commanded(command, read, context)
    require_party(read, command.by)
    return take(dossier, context, fact(AppealLodged, command))


def decide_appeal(command: DecideAppeal, read: Read, context: Context) -> Facts:
    """Return the end of the appeal. Raises AppealUnknown."""
    dossier = commanded(command, read, context)
    return take(dossier, context, fact(AppealDecided, command), _without_appeal(dossier, command.appeal))


def receive_application(command: ReceiveApplication, read: Read, context: Context) -> Facts:
    """Return the application. Raises PartyNotKnown."""
    dossier = commanded(command, read, context)
    require_party(read, command.applicant)
    return take(dossier, context, fact(ApplicationReceived, command))


def complete_application(command: CompleteApplication, read: Read, context: Context) -> Facts:
    """Return the completion. Raises ApplicationUnknown."""
    dossier = commanded(command, read, context)
    unknown = without_application(dossier, command.application)
    return take(dossier, context, fact(ApplicationCompleted, command), unknown)


def attach_impact_test(command: AttachImpactTest, read: Read, context: Context) -> Facts:
    """Return the outcome. Raises ApplicationUnknown."""
    dossier = commanded(command, read, context)
    unknown = without_application(dossier, command.application)
    return take(dossier, context, fact(ImpactTestAttached, command), unknown)


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
