"""Budget beside a log of objectives, for tests through its API."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from contracts import objectives
from contracts.decisions import ApprovalGranted
from contracts.dossiers import DossierOpened
from contracts.objectives import ObjectiveOpened
from contracts.types import Text
from regesta.event import Event
from regesta.runtime import Service
from regesta.unit import Appended, Meta, NewEvent, Unit
from services.budget.app import SERVICE
from tests.services.budget.samples import DOSSIER, OBJECTIVE
from tests.services.conftest import Run, Running

# Only its log matters here: it says which objectives and dossiers there are.
OBJECTIVES: Final = Service("objectives", "Objectives", objectives.EVENTS, Path(__file__).parent)

# Beside OBJECTIVE.
SECOND: Final = "0193a5c0-7b1e-7000-8000-0000000000a2"
GRANTED = ApprovalGranted(authority="minister", step="grant")


@pytest.fixture
async def running(run: Run) -> Running:
    """Return budget beside a log of objectives in which OBJECTIVE and DOSSIER are opened, and something was granted on the latter."""
    running = await run(OBJECTIVES, SERVICE)
    await record(running, f"objective/{OBJECTIVE}", ObjectiveOpened(note="note", level="operational"))
    await record(running, f"dossier/{DOSSIER}", DossierOpened(kind="subsidy", title=Text(fr="Quartier")), GRANTED)
    return running


async def record(running: Running, stream: str, *events: Event, after: int = 0) -> str:
    """Record events of objectives in a stream that has `after`; return the name of the last."""
    new = [
        NewEvent.of(stream, version, event, Meta("officer")) for version, event in enumerate(events, start=after + 1)
    ]
    outcome = await running.runtime("objectives").store.append(Unit({stream: after}, new))
    assert isinstance(outcome, Appended)
    return f"objectives:{outcome.token}"


@pytest.fixture
async def second(running: Running) -> str:
    """Return another objective that is opened."""
    await record(running, f"objective/{SECOND}", ObjectiveOpened(note="note", level="operational"))
    return SECOND
