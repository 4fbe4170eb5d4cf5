"""Commands that come together, through a real decider, against sums taken one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy

from hypothesis import given, settings

from contracts import budget
from regesta.command import AnyAggregate, Command, Context, State
from regesta.decider import Decider
from regesta.elsewhere import Elsewhere
from regesta.errors import RegestaError
from regesta.event import Registry, split_name
from regesta.reference import References
from regesta.testing import NOON, MemoryStore
from services.budget.app import AGGREGATES, ELSEWHERE, RULES
from services.budget.domain.commitment import Commitment, Decommit
from services.budget.domain.convention import Convention
from services.budget.domain.ledger import Ledger
from tests.services.budget.histories import COMMITMENTS, KINDS, LINES, SETUP, Model, Outcome, histories
from tests.services.budget.samples import CONVENTION

FOLDS: dict[type[State], AnyAggregate] = {aggregate.state: aggregate for aggregate in AGGREGATES}
OFFICER = Context("officer", frozenset(), frozenset(), NOON)


@asynccontextmanager
async def deciding(store: MemoryStore) -> AsyncIterator[Decider]:
    decider = Decider(store, AGGREGATES, RULES, Elsewhere(store, References(store, {}), ELSEWHERE))
    task = asyncio.create_task(decider.run())
    try:
        yield decider
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def outcome(decider: Decider, command: Command) -> tuple[Outcome, int]:
    """Return what a command came to, and the position of the first event it recorded."""
    try:
        answer = await decider.handle(command, OFFICER)
    except RegestaError as refusal:
        return refusal.code, 0
    return ("recorded", split_name(answer.events[0])[1]) if answer.events else ("same", 0)


async def state_of(store: MemoryStore) -> tuple[dict[str, Ledger], dict[str, Commitment]]:
    """Fold the log, and check at each event that no sum is beyond its bound."""
    ledgers = {line: Ledger(f"ledger/{line}/2024") for line in LINES}
    commitments = {key: Commitment(f"commitment/{key}") for key in COMMITMENTS}
    agreement = Convention(f"convention/{CONVENTION}")
    by_stream = {state.stream: state for state in (*ledgers.values(), *commitments.values(), agreement)}
    for recorded in await store.read("budget", 0, 10_000):
        state, event = by_stream.get(recorded.stream), recorded.event
        assert event is not None
        if state is None:
            continue
        FOLDS[type(state)].apply(state, event, recorded.position)
        match state:
            case Ledger():
                for each in state.credits.values():
                    assert each.amount_cents is None or 0 <= each.used_cents <= each.amount_cents
            case Commitment():
                assert 0 <= state.liquidated_cents <= state.remaining_cents
            case Convention():
                assert state.paid_cents <= state.committed_cents <= state.terms.amount_cents
            case _:
                pass
    return ledgers, commitments


@settings(max_examples=100, deadline=None)
@given(histories)
async def test_commands_that_come_together_come_to_what_they_would_one_after_the_other(
    history: Sequence[Command],
) -> None:
    store = MemoryStore("budget", Registry(budget.EVENTS))
    model = Model()
    async with deciding(store) as decider:
        for command in SETUP:
            assert (await outcome(decider, command))[0] == "recorded"
        # What is in memory is decided in the order of arrival.
        for key in COMMITMENTS:
            first = Decommit(commitment=key, decommitment="A", amount_cents=1, reason="Nothing is there")
            assert (await outcome(decider, first))[0] == "unknown-commitment"
        outcomes = await asyncio.gather(*(outcome(decider, command) for command in history))
    ledgers, commitments = await state_of(store)

    assert [come_to for come_to, _ in outcomes] == [model.apply(command) for command in history]
    for line in LINES:
        for kind in KINDS:
            assert ledgers[line].of(kind).used_cents == model.used(line, kind)
            assert ledgers[line].of(kind).amount_cents == model.credits(line, kind)
    for key, obligation in model.obligations.items():
        assert commitments[key].outstanding_cents == obligation.outstanding


@settings(max_examples=50, deadline=None)
@given(histories)
async def test_what_must_be_loaded_first_is_decided_in_some_order(history: Sequence[Command]) -> None:
    store = MemoryStore("budget", Registry(budget.EVENTS))
    async with deciding(store) as decider:
        for command in SETUP:
            await outcome(decider, command)
    async with deciding(store) as fresh:
        outcomes = await asyncio.gather(*(outcome(fresh, command) for command in history))
    await state_of(store)

    answered = list(zip(history, outcomes, strict=True))
    recorded = {position: command for command, (come_to, position) in answered if come_to == "recorded"}
    others = {
        index: (command, come_to) for index, (command, (come_to, _)) in enumerate(answered) if come_to != "recorded"
    }
    model = Model()
    for next_one in [*(recorded[position] for position in sorted(recorded)), None]:
        # The model does not change with a command that records nothing.
        others = {
            i: (other, come_to) for i, (other, come_to) in others.items() if deepcopy(model).apply(other) != come_to
        }
        if next_one is not None:
            assert model.apply(next_one) == "recorded"
    assert not others
