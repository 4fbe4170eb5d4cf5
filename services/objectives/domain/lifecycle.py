"""The life of a dossier: opened, linked to what it serves, suspended and resumed, and how it ends. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from contracts.dossiers import (
    DossierAttached,
    DossierCompleted,
    DossierDetached,
    DossierKind,
    DossierLinked,
    DossierMerged,
    DossierOpened,
    DossierResumed,
    DossierStopped,
    DossierSuspended,
    DossierUnlinked,
)
from contracts.types import BoundedRef, DossierId, Flag, ObjectiveId, Origin, Place, Text, Words
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded
from services.objectives.domain.dossier import Dossier, DossierCommand, Ended, commanded, served
from services.objectives.domain.errors import (
    DossierDiffers,
    DossierIsSuspended,
    DossierNotKnown,
    MergedIntoItself,
    NotAProgramme,
    NotSuspended,
    ObjectiveNotKnown,
    ProgrammeUnderItself,
    StillOpenUnder,
)
from services.objectives.domain.note import Note
from services.objectives.domain.objective import Objective, require_lead

LINKS_MOST = 100


class OpenDossier(DossierCommand):
    """Follow something that moves through steps, with the objectives it serves and the programmes it belongs to."""

    name = "open-dossier"
    kind: DossierKind
    title: Text
    objectives: Annotated[tuple[ObjectiveId, ...], Field(max_length=LINKS_MOST)] = ()
    programmes: Annotated[tuple[DossierId, ...], Field(max_length=LINKS_MOST)] = ()
    reference: BoundedRef | None = None
    origin: Origin | None = None
    place: Place | None = None


class _OneLink(DossierCommand):
    objective: ObjectiveId | None = None
    programme: DossierId | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.objective is None) == (self.programme is None):
            raise ValueError("give an objective or a programme, one of the two")
        return self

    @property
    def whole(self) -> str:
        """The stream of what a dossier is linked to."""
        return Dossier.name_of(self.programme) if self.programme else Objective.name_of(self.objective or "")


class LinkDossier(_OneLink):
    """Let a dossier serve one more objective, or belong to one more programme."""

    name = "link-dossier"


class UnlinkDossier(_OneLink):
    """End that a dossier serves an objective, or belongs to a programme."""

    name = "unlink-dossier"


class SuspendDossier(DossierCommand):
    """Let a dossier wait: until it is resumed nothing is decided on it."""

    name = "suspend-dossier"
    reason: Words


class ResumeDossier(DossierCommand):
    """Let a dossier go on after a wait."""

    name = "resume-dossier"
    reason: Words | None = None


class StopDossier(DossierCommand):
    """End a dossier that will not be completed. One registered in error must have no step and nothing open under it."""

    name = "stop-dossier"
    reason: Words
    registered_in_error: Flag = False


class MergeDossier(DossierCommand):
    """Let a dossier go on as part of another one."""

    name = "merge-dossier"
    into: DossierId
    reason: Words | None = None


class CompleteDossier(DossierCommand):
    """End a dossier as intended."""

    name = "complete-dossier"
    reason: Words | None = None


def open_dossier(command: OpenDossier, read: Read, context: Context) -> Facts:
    """Return the opening, and the attachment in the stream of each objective and programme; nothing when it is open.

    Raises NotLeadUnit, or of a reported dossier MayNotReport; DossierDiffers, ObjectiveNotKnown, ObjectiveIsClosed,
    DossierNotKnown, NotAProgramme, DossierHasEnded.
    """
    if command.origin is None:
        require_lead((read(Objective, key) for key in command.objectives), context)
    context.require_reporter(command.origin)
    dossier, opened = read(Dossier, command.dossier), fact(DossierOpened, command)
    if recorded(dossier.opened, opened, DossierDiffers):
        return nothing()
    if dossier.key in command.programmes:
        raise ProgrammeUnderItself(f"dossier {dossier.key!r} cannot belong to itself", programme=dossier.key)
    wholes: list[State] = [_objective(read, key) for key in dict.fromkeys(command.objectives)]
    wholes += [_programme(read, key) for key in dict.fromkeys(command.programmes)]
    facts: Facts = {whole.stream: [DossierAttached(dossier=dossier.key)] for whole in wholes}
    return {dossier.stream: [opened], **facts}


def link(command: LinkDossier, read: Read, context: Context) -> Facts:
    """Return the link and the attachment; nothing when they are linked.

    Raises UnknownDossier, ProgrammeUnderItself, and as open_dossier; NotLeadUnit also when only the new objective has a lead
    unit.
    """
    dossier, asked = commanded(command, read, context), fact(DossierLinked, command)
    last = dossier.links.get((command.objective, command.programme))
    if isinstance(last, DossierLinked) and recorded(last, asked, DossierDiffers):
        return nothing()
    if dossier.ended is not None:
        raise dossier.over()
    if command.objective is not None:
        objective = _objective(read, command.objective)
        require_lead([*served(dossier, read), objective], context)
    else:
        assert command.programme is not None  # one of the two, as the command says
        if dossier.key in _lineage(read, command.programme):
            raise ProgrammeUnderItself(
                f"dossier {dossier.key!r} cannot belong to {command.programme!r}, which is itself or belongs to it",
                programme=command.programme,
            )
        _programme(read, command.programme)
    return {dossier.stream: [asked], command.whole: [DossierAttached(dossier=dossier.key)]}


def unlink(command: UnlinkDossier, read: Read, context: Context) -> Facts:
    """Return the end of a link; nothing when there is none. Raises UnknownDossier, NotLeadUnit, DossierDiffers."""
    dossier, asked = commanded(command, read, context), fact(DossierUnlinked, command)
    last = dossier.links.get((command.objective, command.programme))
    if last is None or (isinstance(last, DossierUnlinked) and recorded(last, asked, DossierDiffers)):
        return nothing()
    return {dossier.stream: [asked], command.whole: [DossierDetached(dossier=dossier.key)]}


def suspend(command: SuspendDossier, read: Read, context: Context) -> Facts:
    """Return the wait; nothing when it waits for this reason.

    Raises UnknownDossier, NotLeadUnit, DossierDiffers when it waits for another one, DossierHasEnded.
    """
    dossier, event = commanded(command, read, context), fact(DossierSuspended, command)
    if recorded(dossier.suspended, event, DossierDiffers):
        return nothing()
    for refusal in dossier.blocked():
        raise refusal
    return {dossier.stream: [event]}


def resume(command: ResumeDossier, read: Read, context: Context) -> Facts:
    """Return the end of a wait; nothing when the last wait ended so.

    Raises UnknownDossier, NotLeadUnit, DossierDiffers, NotSuspended, DossierHasEnded.
    """
    dossier, event = commanded(command, read, context), fact(DossierResumed, command)
    if recorded(dossier.resumed, event, DossierDiffers):
        return nothing()
    if dossier.ended is not None:
        raise dossier.over()
    if dossier.suspended is not None:
        return {dossier.stream: [event]}
    raise NotSuspended(f"dossier {dossier.key!r} does not wait", dossier=dossier.key)


def stop(command: StopDossier, read: Read, context: Context) -> Facts:
    """Return the end; nothing when it ended so. Raises UnknownDossier, NotLeadUnit, StillOpenUnder, and as complete."""
    dossier = commanded(command, read, context)
    if command.registered_in_error and dossier.ended is None:
        _require_nothing_under(dossier, read)
    return _end(dossier, fact(DossierStopped, command))


def merge(command: MergeDossier, read: Read, context: Context) -> Facts:
    """Return the end; nothing when it ended so.

    Raises UnknownDossier, NotLeadUnit, MergedIntoItself, DossierNotKnown, DossierDiffers, DossierHasEnded (one of the two has).
    """
    dossier = commanded(command, read, context)
    _require_target(dossier, command.into, read)
    return _end(dossier, fact(DossierMerged, command))


def complete(command: CompleteDossier, read: Read, context: Context) -> Facts:
    """Return the end; nothing when it ended so.

    Raises UnknownDossier, NotLeadUnit, DossierIsSuspended; DossierHasEnded when it ended in another way, DossierDiffers when
    in this one for another reason.
    """
    return _end(commanded(command, read, context), fact(DossierCompleted, command))


def _end(dossier: Dossier, event: Ended) -> Facts:
    if type(dossier.ended) is type(event) and recorded(dossier.ended, event, DossierDiffers):
        return nothing()
    if dossier.ended is not None:
        raise dossier.over()
    if isinstance(event, DossierCompleted) and dossier.suspended is not None:
        reason = dossier.suspended.reason
        raise DossierIsSuspended(
            f"dossier {dossier.key!r} is suspended: {reason!r}", dossier=dossier.key, reason=reason
        )
    return {dossier.stream: [event]}


def _objective(read: Read, key: str) -> Objective:
    """Return an objective that is followed. Raises ObjectiveNotKnown, ObjectiveIsClosed."""
    objective = read(Objective, key)
    if objective.version == 0:
        raise ObjectiveNotKnown(f"no objective {key!r} is registered", objective=key)
    read(Note, objective.note).followed(key)
    return objective


def _programme(read: Read, key: str) -> Dossier:
    """Return an open dossier of kind programme. Raises DossierNotKnown, NotAProgramme, DossierHasEnded."""
    programme = read(Dossier, key)
    if programme.opened is None:
        raise DossierNotKnown(f"no dossier {key!r} is open", dossier=key)
    if programme.opened.kind != "programme":
        kind = programme.opened.kind
        raise NotAProgramme(f"dossier {key!r} is of kind {kind!r}, not a programme", dossier=key, kind=kind)
    if programme.ended is not None:
        raise programme.over()
    return programme


def _lineage(read: Read, programme: str) -> Iterator[str]:
    """Yield a programme and all it belongs to, each once: several ways may lead up to one."""
    seen, waiting = {programme}, [programme]
    while waiting:
        key = waiting.pop()
        yield key
        above = sorted(read(Dossier, key).programmes - seen)
        seen.update(above)
        waiting += above


def _require_target(dossier: Dossier, into: str, read: Read) -> None:
    if into == dossier.key:
        raise MergedIntoItself(f"dossier {into!r} cannot be merged into itself", into=into)
    target = read(Dossier, into)
    if target.opened is None:
        raise DossierNotKnown(f"no dossier {into!r} is open to merge into", dossier=into)
    if target.ended is not None and dossier.ended is None:
        raise target.over()


def _require_nothing_under(dossier: Dossier, read: Read) -> None:
    members = [Dossier.name_of(key) for key in sorted(dossier.members) if read(Dossier, key).ended is None]
    steps = [str(key[0]) for key in dossier.taken]
    milestones = [f"milestone {key}" for key in dossier.milestones]
    under = [*members, *steps, *milestones]
    if under:
        raise StillOpenUnder(f"dossier {dossier.key!r} has {len(under)} under it: {under}", open=[*under])
