"""Approvals, conventions and commitments reach the milestone of their kind, once, whichever is recorded first."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import uuid4

import pytest

from contracts.commitments import AmountCommitted, CommitmentReversed, ConventionSigned
from contracts.decisions import Body
from contracts.dossiers import MilestoneKind
from contracts.types import Text
from regesta.errors import NotYet
from regesta.reaction import Here, Reacting
from services.objectives import settling
from services.objectives.app import SERVICE
from services.objectives.domain.decisions import GrantApproval, WithdrawApproval
from services.objectives.domain.lifecycle import OpenDossier
from services.objectives.domain.milestones import PlanMilestone
from services.objectives.domain.withdrawal import WithdrawFact
from tests.services.conftest import Run
from tests.services.objectives.samples import DOSSIER, MILESTONE
from tests.services.objectives.test_reactions import BUDGET, COMMITMENT, LINE, Programme

CONVENTION: Final = "convention/01930000-0000-7000-8000-0000000000c2"
SIGNED: Final = ConventionSigned.model_validate({"dossier": DOSSIER, "amount_cents": 100})
COMMITTED: Final = AmountCommitted(line=LINE, year=2024, amount_cents=100, dossier=DOSSIER)
REVERSED: Final = CommitmentReversed(line=LINE, year=2024, amount_cents=100, reason="wrong line")


def plan(kind: MilestoneKind, dossier: str = DOSSIER) -> PlanMilestone:
    members = {"dossier": dossier, "milestone": MILESTONE, "kind": kind, "due": "2024-03"}
    return PlanMilestone.model_validate(members)


def grant(authority: Body, step: str, round_: int = 1) -> GrantApproval:
    members = {"dossier": DOSSIER, "authority": authority, "step": step, "round": round_, "amount_cents": 1}
    return GrantApproval.model_validate(members | {"occurred": "2023-12-14"})


@pytest.fixture
async def programme(run: Run) -> Programme:
    """Return a programme in which the dossier is open."""
    programme = Programme(await run(BUDGET, SERVICE))
    await programme.command(OpenDossier(dossier=DOSSIER, kind="subsidy", title=Text(fr="Quartier")))
    return programme


async def reached(programme: Programme) -> tuple[str, tuple[str, ...]] | None:
    """Return when the milestone was reached and by what; None while it is not."""
    found = (await programme.settled()).reached
    return None if found is None else (str(found.on), found.evidence)


async def name_of(programme: Programme, kind: str) -> str:
    """Return the name of the one event of a type."""
    (found,) = [each for each in await programme._objectives.store.read("objectives", 0, 100) if each.type == kind]
    return found.name


async def test_a_convention_reaches_its_milestone_whichever_comes_first(programme: Programme) -> None:
    signed = await programme.pay(SIGNED, CONVENTION)
    await programme.quiet()
    await programme.command(plan("convention"))
    found = await reached(programme)
    assert found is not None
    assert found[1] == (signed,)
    (planned, came) = (await programme.history())[1:]
    assert (planned[0], came[0]) == ("milestone-planned.v1", "milestone-reached.v1")
    assert came[1] == await name_of(programme, "milestone-planned.v1")


async def test_a_commitment_that_is_reversed_gives_its_milestone_back(programme: Programme) -> None:
    await programme.command(plan("commitment"))
    committed = await programme.pay(COMMITTED)
    found = await reached(programme)
    assert found is not None
    assert found[1] == (committed,)
    cause = await programme.pay(REVERSED)
    assert await reached(programme) is None
    assert (await programme.history())[-1] == ("fact-withdrawn.v1", cause)
    again = await programme.pay(COMMITTED, f"commitment/{uuid4()}")
    found = await reached(programme)
    assert found is not None
    assert found[1] == (again,)


async def test_the_decision_reaches_the_approval_and_nothing_that_comes_before_it(programme: Programme) -> None:
    await programme.command(plan("approval"))
    await programme.command(grant("government", "first_reading"))
    await programme.command(grant("budget_minister", "grant"))
    assert await reached(programme) is None
    granted = await programme.command(grant("minister", "grant"))
    assert await reached(programme) == ("2023-12-14", (granted,))


@pytest.mark.parametrize(
    ("kind", "authority", "step"),
    [("budget_agreement", "budget_minister", "grant"), ("final_account", "minister", "final_account")],
)
async def test_each_approval_reaches_the_milestone_of_its_kind(
    programme: Programme, kind: MilestoneKind, authority: Body, step: str
) -> None:
    granted = await programme.command(grant(authority, step))
    await programme.command(plan(kind))
    assert await reached(programme) == ("2023-12-14", (granted,))


async def test_an_approval_that_is_taken_back_or_was_wrong_gives_its_milestone_back(programme: Programme) -> None:
    await programme.command(plan("approval"))
    await programme.command(grant("minister", "grant"))
    assert await reached(programme) is not None
    back = WithdrawApproval(dossier=DOSSIER, authority="minister", step="grant", reason="annulled")
    await programme.command(back)
    assert await reached(programme) is None
    second = await programme.command(grant("minister", "grant", 2))
    assert await reached(programme) == ("2023-12-14", (second,))
    wrong = WithdrawFact(kind="dossier", id=DOSSIER, event=second, reason="another dossier")
    await programme.command(wrong)
    assert await reached(programme) is None


async def test_what_somebody_withdrew_is_not_reached_again(programme: Programme) -> None:
    await programme.command(plan("convention"))
    await programme.pay(SIGNED, CONVENTION)
    assert await reached(programme) is not None
    name = await name_of(programme, "milestone-reached.v1")
    await programme.command(WithdrawFact(kind="dossier", id=DOSSIER, event=name, reason="another convention"))
    assert await reached(programme) is None


async def test_it_waits_for_obligations_that_are_not_folded(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    objectives = programme._objectives
    await programme.command(plan("commitment"))
    await programme.settled()
    (planned,) = [
        each for each in await objectives.store.read("objectives", 0, 100) if each.type == "milestone-planned.v1"
    ]
    monkeypatch.setattr("regesta.reaction.FOLDED_SECONDS", 0.1)
    await objectives.pool.execute("UPDATE projections.checkpoints SET position = -1 WHERE projection = 'obligations'")
    event = planned.event
    assert event is not None
    with pytest.raises(NotYet):
        await settling.on_step(Here(objectives.store, objectives.pool), planned, event)


async def test_a_crash_between_command_and_checkpoint_repeats_nothing(programme: Programme) -> None:
    objectives = programme._objectives
    await programme.command(plan("commitment"))
    await programme.pay(COMMITTED)
    await programme.settled()
    before = await programme.history()
    for reaction in settling.REACTIONS:
        again = Reacting(Here(objectives.store, objectives.pool), objectives.decider, reaction)
        await objectives.pool.execute(
            "UPDATE projections.checkpoints SET position = 0 WHERE projection = $1", again.name
        )
        await again.step()
    assert await programme.history() == before


async def test_both_sides_at_once_agree(programme: Programme) -> None:
    dossiers = [str(uuid4()) for _ in range(12)]
    standing: dict[str, str] = {}

    async def commitments(dossier: str) -> None:
        first = f"commitment/{uuid4()}"
        committed = COMMITTED.model_copy(update={"dossier": dossier})
        await programme.pay(committed, first)
        await programme.pay(REVERSED, first)
        standing[dossier] = await programme.pay(committed, f"commitment/{uuid4()}")

    async def plans(dossier: str) -> None:
        await programme.command(OpenDossier(dossier=dossier, kind="subsidy", title=Text(fr="Quartier")))
        await programme.command(plan("commitment", dossier))

    await asyncio.gather(*(each(dossier) for dossier in dossiers for each in (commitments, plans)))
    for dossier in dossiers:
        found = (await programme.settled(dossier)).reached
        assert found is not None
        assert found.evidence == (standing[dossier],)
    assert COMMITMENT not in standing
