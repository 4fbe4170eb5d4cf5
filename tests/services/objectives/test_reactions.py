from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from contracts import budget
from contracts.commitments import PaymentLiquidated, PaymentReversed
from contracts.types import Text
from regesta.command import Command, Context
from regesta.errors import NotYet
from regesta.event import Event
from regesta.reaction import Here, Reacting
from regesta.runtime import Service
from regesta.testing import NOON
from regesta.unit import Appended, Meta, NewEvent, Unit
from services.objectives import reactions
from services.objectives.app import SERVICE
from services.objectives.domain.dossier import Dossier, Milestone
from services.objectives.domain.lifecycle import OpenDossier, SuspendDossier
from services.objectives.domain.milestones import CancelMilestone, PlanMilestone, ReachMilestone
from services.objectives.domain.withdrawal import WithdrawFact
from tests.services.conftest import Run, Running
from tests.services.objectives.samples import DOSSIER, MILESTONE, STREAM

# Only its log matters here: payments are put into it by hand.
BUDGET: Final = Service("budget", "Budget", budget.EVENTS, Path(__file__).parent)
COMMITMENT: Final = "commitment/01930000-0000-7000-8000-0000000000c1"
LINE: Final = "brussels.33.001.07.01.6321"
WAIT_SECONDS: Final = 10.0


class Programme:
    """Objectives and a log of budget, with one dossier."""

    def __init__(self, running: Running) -> None:
        self._objectives = running.runtime("objectives")
        self._budget = running.runtime("budget").store
        self._versions: dict[str, Iterator[int]] = defaultdict(count)

    async def pay(self, event: Event, commitment: str = COMMITMENT) -> str:
        """Record a fact of a commitment in budget and return its name."""
        version = next(self._versions[commitment])
        new = NewEvent.of(commitment, version + 1, event, Meta("payer"))
        outcome = await self._budget.append(Unit({commitment: version}, [new]))
        assert isinstance(outcome, Appended)
        return f"budget:{outcome.first}"

    async def command(self, command: Command) -> str:
        """Decide a command and return the name of the last event."""
        context = Context("officer", frozenset(), frozenset(), NOON)
        return (await self._objectives.decider.handle(command, context)).token

    async def quiet(self) -> None:
        """Return once every fact so far, and what it led to, has been reacted to."""
        budget_head = (await self._budget.head("budget")).position
        async with asyncio.timeout(WAIT_SECONDS):
            while await self._behind(budget_head):  # noqa: ASYNC110 the heads are in the database
                await asyncio.sleep(0.02)

    async def settled(self, dossier: str = DOSSIER) -> Milestone:
        """Return the milestone of a dossier once it is quiet."""
        await self.quiet()
        return (await self._dossier(f"dossier/{dossier}")).milestones[MILESTONE]

    async def _behind(self, budget_head: int) -> bool:
        own = (await self._objectives.store.head("objectives")).position
        rows = await self._objectives.pool.fetch(
            "SELECT source, position FROM projections.checkpoints WHERE projection LIKE 'reaction:%'"
        )
        heads = {"objectives": own, "budget": budget_head}
        return any(row["position"] != heads[row["source"]] for row in rows)

    async def _dossier(self, stream: str) -> Dossier:
        aggregate = next(each for each in SERVICE.aggregates if each.state is Dossier)
        state = Dossier(stream)
        for recorded in (await self._objectives.store.tails({stream: 0}))[stream]:
            assert aggregate.extend(state, recorded) is None
        return state

    async def history(self) -> list[tuple[str, str | None]]:
        """Return the facts of the dossier's stream with their causes."""
        tail = (await self._objectives.store.tails({STREAM: 0}))[STREAM]
        return [(recorded.type, recorded.cause) for recorded in tail]


def advance(payment: str, cents: int = 2_500_000, dossier: str | None = DOSSIER) -> PaymentLiquidated:
    return PaymentLiquidated(
        payment=payment, line=LINE, year=2024, amount_cents=cents, part="advance", dossier=dossier, visa="V1"
    )


def reversal(payment: str, cents: int = 2_500_000) -> PaymentReversed:
    return PaymentReversed(payment=payment, line=LINE, year=2024, amount_cents=cents, reason="wrong account")


PLAN: Final = PlanMilestone.model_validate(
    {"dossier": DOSSIER, "milestone": MILESTONE, "kind": "advance", "due": "2024-03"}
)


@pytest.fixture
async def programme(run: Run) -> Programme:
    """Return a programme in which the dossier is open."""
    programme = Programme(await run(BUDGET, SERVICE))
    await programme.command(OpenDossier(dossier=DOSSIER, kind="subsidy", title=Text(fr="Quartier")))
    return programme


async def test_the_first_advance_reaches_the_milestone_once(programme: Programme) -> None:
    await programme.command(PLAN)
    interim = advance("P0").model_copy(update={"part": "interim"})
    await programme.pay(interim)
    assert (await programme.settled()).reached is None
    first = await programme.pay(advance("P1"))
    await programme.pay(advance("P2"))
    await programme.pay(advance("P3", dossier=None))
    milestone = await programme.settled()
    assert milestone.reached is not None
    assert milestone.reached.evidence == (first,)
    assert [fact for fact in await programme.history() if fact[0] == "milestone-reached.v1"] == [
        ("milestone-reached.v1", first)
    ]


async def test_a_milestone_planned_after_the_advance_is_reached_too(programme: Programme) -> None:
    first = await programme.pay(advance("P1"))
    await programme.pay(advance("P2"))
    await programme.quiet()
    plan = await programme.command(PLAN)
    milestone = await programme.settled()
    assert milestone.reached is not None
    assert milestone.reached.evidence == (first,)
    assert (await programme.history())[-1] == ("milestone-reached.v1", plan)


async def test_a_reversal_takes_it_back_and_a_later_advance_is_the_first(programme: Programme) -> None:
    await programme.command(PLAN)
    await programme.pay(advance("P1"))
    assert (await programme.settled()).reached is not None
    await programme.pay(reversal("P1", 2_499_999))
    assert (await programme.settled()).reached is not None
    rest = await programme.pay(reversal("P1", 1))
    assert (await programme.settled()).reached is None
    assert (await programme.history())[-1] == ("fact-withdrawn.v1", rest)
    later = await programme.pay(advance("P2"))
    reached = (await programme.settled()).reached
    assert reached is not None
    assert reached.evidence == (later,)


async def test_the_second_advance_stands_in_for_a_reversed_first(programme: Programme) -> None:
    await programme.command(PLAN)
    await programme.pay(advance("P1"))
    second = await programme.pay(advance("P2"))
    await programme.settled()
    await programme.pay(reversal("P1"))
    reached = (await programme.settled()).reached
    assert reached is not None
    assert reached.evidence == (second,)


async def test_a_suspended_dossier_does_not_hold_up_the_reaction(programme: Programme) -> None:
    await programme.command(PLAN)
    await programme.command(SuspendDossier(dossier=DOSSIER, reason="appeal"))
    first = await programme.pay(advance("P1"))
    reached = (await programme.settled()).reached
    assert reached is not None
    assert reached.evidence == (first,)


async def test_what_somebody_recorded_by_hand_stays(programme: Programme) -> None:
    await programme.command(PLAN)
    reach = ReachMilestone.model_validate({"dossier": DOSSIER, "milestone": MILESTONE, "on": "2024-02"})
    await programme.command(reach)
    await programme.pay(advance("P1"))
    reached = (await programme.settled()).reached
    assert reached is not None
    assert (reached.on, reached.evidence) == ("2024-02", ())


async def test_the_reaction_does_not_repeat_what_somebody_withdrew(programme: Programme) -> None:
    await programme.command(PLAN)
    await programme.pay(advance("P1"))
    await programme.settled()
    head = (await programme.history())[-1]
    assert head[0] == "milestone-reached.v1"
    event = await _last_event(programme)
    await programme.command(WithdrawFact(kind="dossier", id=DOSSIER, event=event, reason="another dossier"))
    assert (await programme.settled()).reached is None


async def test_a_cancelled_milestone_that_comes_back_is_reached(programme: Programme) -> None:
    await programme.command(PLAN)
    cancelled = await programme.command(CancelMilestone(dossier=DOSSIER, milestone=MILESTONE, reason="no advance"))
    first = await programme.pay(advance("P1"))
    assert (await programme.settled()).reached is None
    await programme.command(WithdrawFact(kind="dossier", id=DOSSIER, event=cancelled, reason="there is one"))
    reached = (await programme.settled()).reached
    assert reached is not None
    assert reached.evidence == (first,)


async def test_it_waits_for_advances_that_are_not_folded(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    objectives = programme._objectives
    await programme.command(PLAN)
    await programme.settled()
    (plan,) = [
        each for each in await objectives.store.read("objectives", 0, 100) if each.type == "milestone-planned.v1"
    ]
    monkeypatch.setattr("regesta.reaction.FOLDED_SECONDS", 0.1)
    await objectives.pool.execute("UPDATE projections.checkpoints SET position = -1 WHERE projection = 'advances'")
    event = plan.event
    assert event is not None
    with pytest.raises(NotYet):
        await reactions.on_milestone(Here(objectives.store, objectives.pool), plan, event)


async def test_a_crash_between_command_and_checkpoint_repeats_nothing(programme: Programme) -> None:
    objectives = programme._objectives
    await programme.command(PLAN)
    await programme.pay(advance("P1"))
    await programme.settled()
    before = await programme.history()
    for reaction in SERVICE.reactions:
        again = Reacting(Here(objectives.store, objectives.pool), objectives.decider, reaction)
        await objectives.pool.execute(
            "UPDATE projections.checkpoints SET position = 0 WHERE projection = $1", again.name
        )
        await again.step()
    assert await programme.history() == before


async def test_both_sides_at_once_agree(programme: Programme) -> None:
    """Planning, paying and reversing meet in every order; what stands in the end is the first advance that stands."""
    dossiers = [str(uuid4()) for _ in range(12)]
    standing: dict[str, str] = {}

    async def payments(dossier: str) -> None:
        commitment = f"commitment/{uuid4()}"
        await programme.pay(advance("P1", dossier=dossier), commitment)
        await programme.pay(reversal("P1"), commitment)
        standing[dossier] = await programme.pay(advance("P2", dossier=dossier), commitment)
        await programme.pay(advance("P3", dossier=dossier), commitment)

    async def plans(dossier: str) -> None:
        await programme.command(OpenDossier(dossier=dossier, kind="subsidy", title=Text(fr="Quartier")))
        await programme.command(PLAN.model_copy(update={"dossier": dossier}))

    await asyncio.gather(*(each(dossier) for dossier in dossiers for each in (payments, plans)))
    for dossier in dossiers:
        reached = (await programme.settled(dossier)).reached
        assert reached is not None
        assert reached.evidence == (standing[dossier],)


async def _last_event(programme: Programme) -> str:
    tail = (await programme._objectives.store.tails({STREAM: 0}))[STREAM]
    return tail[-1].name
