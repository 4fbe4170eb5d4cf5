"""Notes, objectives and dossiers that the tests of objectives speak of."""

from __future__ import annotations

from typing import Final

from contracts.dates import ImpreciseDate
from contracts.decisions import ApprovalGranted, Body, OpinionIssued
from contracts.dossiers import DossierKind, DossierOpened, MilestoneKind, MilestonePlanned
from contracts.objectives import Level, ObjectiveOpened, ObjectiveRegistered, PartyRegistered, PolicyNoteOpened
from contracts.types import Origin, Text
from regesta.command import Facts
from regesta.testing import Domain
from services.objectives.app import AGGREGATES, RULES

SLUG: Final = "urban-renewal"
NOTE: Final = f"note/{SLUG}"
STRATEGIC: Final = "01930000-0000-7000-8000-000000000001"
OPERATIONAL: Final = "01930000-0000-7000-8000-000000000002"
OTHER: Final = "01930000-0000-7000-8000-000000000003"
ACTION: Final = "01930000-0000-7000-8000-000000000004"
NEW: Final = "01930000-0000-7000-8000-000000000005"
DOSSIER: Final = "01930000-0000-7000-8000-00000000000a"
SECOND: Final = "01930000-0000-7000-8000-00000000000b"
PROGRAMME: Final = "01930000-0000-7000-8000-00000000000c"
MILESTONE: Final = "01930000-0000-7000-8000-00000000001a"
APPLICATION: Final = "01930000-0000-7000-8000-00000000002a"
PARTY: Final = "01930000-0000-7000-8000-00000000003a"
STREAM: Final = f"dossier/{DOSSIER}"
TITLE: Final = Text(fr="Rénovation urbaine", nl="Stadsvernieuwing")
EUROGES: Final = Origin(system="euroges", reference="D-17")
CONNECTOR: Final = ("connector",)

CODES: Final[dict[str, tuple[Level, str, str | None]]] = {
    STRATEGIC: ("strategic", "OS 1", None),
    OPERATIONAL: ("operational", "OO 1.1", STRATEGIC),
    OTHER: ("operational", "OO 1.2", STRATEGIC),
    ACTION: ("action", "1.1.A", OPERATIONAL),
}


def registered() -> Facts:
    """Return a note with four objectives: objectives:1 opens it."""
    objectives = [
        ObjectiveRegistered(objective=key, level=level, code=code, parent=parent, title=TITLE)
        for key, (level, code, parent) in CODES.items()
    ]
    streams: Facts = {
        f"objective/{key}": [ObjectiveOpened(note=SLUG, level=level)] for key, (level, _, _) in CODES.items()
    }
    return {NOTE: [PolicyNoteOpened(title=TITLE), *objectives], **streams}


def domain() -> Domain:
    """Return the domain with a note of four objectives and one registered party: ten facts."""
    start = Domain(AGGREGATES, RULES).given(registered())
    return start.given({f"party/{PARTY}": [PartyRegistered(kind="organisation")]})


def opened(kind: DossierKind = "subsidy") -> Domain:
    """Return the domain with an open dossier: objectives:11."""
    return domain().given({STREAM: [DossierOpened(kind=kind, title=TITLE)]})


def planned(kind: MilestoneKind = "advance", milestone: str = MILESTONE) -> MilestonePlanned:
    """Return the plan of a milestone for the end of 2024."""
    return MilestonePlanned(milestone=milestone, kind=kind, due=ImpreciseDate("2024-36"))


def inspected(verdict: str = "favourable", round_: int = 1, application: str | None = None) -> OpinionIssued:
    """Return an opinion of the Inspector of Finance."""
    members = {"by": "inspector_of_finance", "verdict": verdict, "round": round_, "application": application}
    return OpinionIssued.model_validate(members)


def granted(authority: Body, cents: int | None = None) -> ApprovalGranted:
    """Return the decision of an authority to grant."""
    return ApprovalGranted(authority=authority, step="grant", amount_cents=cents)
