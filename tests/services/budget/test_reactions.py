"""Evidence that is taken back, or comes late, is found by the commitments that rest on it, whichever is known first."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from contracts import objectives
from contracts.decisions import ApprovalGranted, ApprovalWithdrawn, OpinionIssued
from contracts.dossiers import DossierOpened
from contracts.types import Text
from regesta.command import Command, Context, State
from regesta.errors import EvidenceMissing, NotYet
from regesta.event import Event, FactWithdrawn
from regesta.group import Pending
from regesta.reaction import Here, Reacting
from regesta.runtime import Service
from regesta.testing import NOON
from regesta.unit import Appended, Meta, NewEvent, Unit
from services.budget import reactions
from services.budget.app import SERVICE
from services.budget.domain.commitment import Commit, ReverseCommitment
from services.budget.domain.line import OpenLine
from tests.services.budget.samples import DOSSIER, LINE, ONE, SAP, TWO
from tests.services.conftest import Run, Running

# Only its log matters here: steps are put into it by hand.
OBJECTIVES: Final = Service("objectives", "Objectives", objectives.EVENTS, Path(__file__).parent)
OF_DOSSIER: Final = f"dossier/{DOSSIER}"
WAIT_SECONDS: Final = 10.0
GRANTED: Final = ApprovalGranted(authority="minister", step="grant")
WITHDRAWN: Final = ApprovalWithdrawn(authority="minister", step="grant", reason="annulled")


class Grants:
    """Budget beside a log of objectives, with one line and one dossier."""

    def __init__(self, running: Running) -> None:
        self.budget = running.runtime("budget")
        self._objectives = running.runtime("objectives").store
        self._versions: dict[str, Iterator[int]] = defaultdict(count)

    async def step(self, event: Event, stream: str = OF_DOSSIER) -> str:
        """Record a step in objectives and return its name."""
        version = next(self._versions[stream])
        new = NewEvent.of(stream, version + 1, event, Meta("officer"))
        outcome = await self._objectives.append(Unit({stream: version}, [new]))
        assert isinstance(outcome, Appended)
        return f"objectives:{outcome.first}"

    async def command(self, command: Command) -> str:
        """Decide a command and return the name of its last event."""
        context = Context("officer", frozenset({"connector"}), frozenset(), NOON)
        return (await self.budget.decider.handle(command, context)).token

    async def quiet(self) -> None:
        """Return once every fact so far, and what it led to, has been reacted to."""
        theirs = (await self._objectives.head("objectives")).position
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                own = (await self.budget.store.head("budget")).position
                rows = await self.budget.pool.fetch(
                    "SELECT source, position FROM projections.checkpoints WHERE projection LIKE 'reaction:%'"
                )
                if {row["source"]: row["position"] for row in rows} == {"objectives": theirs, "budget": own}:
                    return
                await asyncio.sleep(0.02)

    async def findings(self, commitment: str = ONE) -> list[tuple[str, str | None]]:
        """Return the breaches of each finding, as JSON, with its cause, once it is quiet."""
        await self.quiet()
        stream = f"commitment/{commitment}"
        tail = (await self.budget.store.tails({stream: 0}))[stream]
        found = []
        for each in tail:
            if each.type == "evidence-checked.v1":
                event = each.event
                found.append((",".join(getattr(event, "breaches", ())), each.cause))
        return found


def commit(commitment: str = ONE, cents: int = 310_000) -> Commit:
    return Commit(commitment=commitment, line=LINE, year=2024, amount_cents=cents, dossier=DOSSIER)


@pytest.fixture
async def grants(run: Run) -> Grants:
    grants = Grants(await run(OBJECTIVES, SERVICE))
    await grants.command(OpenLine(line=LINE))
    await grants.step(DossierOpened(kind="subsidy", title=Text(fr="Quartier")))
    await grants.quiet()
    return grants


async def test_evidence_that_is_withdrawn_a_moment_later_is_a_breach(grants: Grants) -> None:
    with pytest.raises(EvidenceMissing):
        await grants.command(commit())
    await grants.step(GRANTED)
    await grants.command(commit())
    await grants.command(commit(TWO))
    assert await grants.findings() == []
    cause = await grants.step(WITHDRAWN)
    assert await grants.findings() == [("decision-missing", cause)]
    assert await grants.findings(TWO) == [("decision-missing", cause)]
    again = await grants.step(ApprovalGranted(authority="government", step="grant"))
    assert await grants.findings() == [("decision-missing", cause), ("", again)]


async def test_a_step_that_was_wrong_is_no_evidence_any_more(grants: Grants) -> None:
    granted = await grants.step(GRANTED)
    await grants.command(commit())
    await grants.quiet()
    cause = await grants.step(FactWithdrawn(event=granted, reason="another dossier"))
    assert await grants.findings() == [("decision-missing", cause)]


async def test_what_was_missing_when_it_was_reported_is_found_from_the_commitment(grants: Grants) -> None:
    committed = await grants.command(commit().model_copy(update={"origin": SAP}))
    await grants.quiet()
    granted = await grants.step(GRANTED)
    assert await grants.findings() == [("", granted)]
    (fact, _) = await grants.budget.store.at([int(committed.partition(":")[2]) - 1, int(committed.partition(":")[2])])
    assert getattr(fact.event, "breaches", ()) == ("decision-missing",)


async def test_what_was_taken_back_while_it_was_committed_is_found_from_the_commitment(
    grants: Grants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its evidence is seen, then taken back, and all that leads to is over before the commitment is recorded."""
    await grants.step(GRANTED)
    await grants.quiet()
    decider = grants.budget.decider
    see = decider._see

    async def see_then_lose(unseen: Sequence[Pending], *, newest: bool) -> None:
        monkeypatch.setattr(decider, "_see", see)
        await see(unseen, newest=newest)
        (pending,) = unseen
        pending.lacking = {"held": State}
        await grants.step(WITHDRAWN)
        await grants.quiet()
        pending.lacking = {}
        decider._wake.set()

    monkeypatch.setattr(decider, "_see", see_then_lose)
    await grants.command(commit())
    found = await grants.findings()
    assert [breaches for breaches, _ in found] == ["decision-missing"]
    assert (found[0][1] or "").startswith("budget:")


async def test_late_evidence_and_what_was_reversed_settle_a_breach(grants: Grants) -> None:
    await grants.step(GRANTED)
    await grants.quiet()
    await grants.command(commit(cents=310_001).model_copy(update={"origin": SAP}))
    await grants.command(commit(TWO, 310_001).model_copy(update={"origin": SAP}))
    reversal = await grants.command(ReverseCommitment(commitment=TWO, reason="twice"))
    await grants.quiet()
    cause = await grants.step(OpinionIssued(by="inspector_of_finance", verdict="favourable"))
    assert await grants.findings() == [("", cause)]
    found = await grants.findings(TWO)
    assert [breaches for breaches, _ in found] == [""]
    assert found[0][1] != cause, f"it was settled by its reversal, {reversal}"


async def test_steps_of_other_dossiers_and_streams_change_nothing(grants: Grants) -> None:
    await grants.step(GRANTED)
    await grants.command(commit())
    await grants.step(GRANTED, f"dossier/{TWO}")
    await grants.step(WITHDRAWN, f"dossier/{TWO}")
    assert await grants.findings() == []


async def test_it_waits_for_commitments_that_are_not_folded(grants: Grants, monkeypatch: pytest.MonkeyPatch) -> None:
    store, pool = grants.budget.store, grants.budget.pool
    await grants.step(GRANTED)
    await grants.quiet()
    (granted,) = [each for each in await store.read("objectives", 0, 100) if each.type == "approval-granted.v1"]
    monkeypatch.setattr("regesta.reaction.FOLDED_SECONDS", 0.1)
    await pool.execute("UPDATE projections.checkpoints SET position = -1 WHERE projection = 'commitments'")
    with pytest.raises(NotYet):
        await reactions.on_step(Here(store, pool), granted, GRANTED)


async def test_a_crash_between_command_and_checkpoint_repeats_nothing(grants: Grants) -> None:
    await grants.step(GRANTED)
    await grants.command(commit())
    await grants.quiet()
    cause = await grants.step(WITHDRAWN)
    found = await grants.findings()
    for source in ("objectives", "budget"):
        await grants.budget.pool.execute(
            "UPDATE projections.checkpoints SET position = 0 WHERE schema = $1", f"reaction:evidence:{source}"
        )
    for reaction in reactions.REACTIONS:
        await Reacting(Here(grants.budget.store, grants.budget.pool), grants.budget.decider, reaction).step()
    assert await grants.findings() == found == [("decision-missing", cause)]
