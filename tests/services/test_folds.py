"""Every event of a service is folded by some aggregate: `assert_never` in a fold is met by no fact that can be recorded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, get_args, get_type_hints

import pytest

from regesta.event import Event
from regesta.runtime import Service
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING

WRITING = [pytest.param(service, id=service.name) for service in (OBJECTIVES, KPI, BUDGET, REPORTING)]


def events_of(fold: Callable[..., None]) -> set[type[Event]]:
    """Return the events that a fold takes, by the type of its second parameter."""
    _, union, _ = get_type_hints(fold).values()
    members: tuple[Any, ...] = get_args(union) or (union,)
    return set(members)


@pytest.mark.parametrize("service", WRITING)
def test_every_event_has_a_fold(service: Service) -> None:
    assert set(chain.from_iterable(events_of(each.evolve) for each in service.aggregates)) == set(service.events)


@pytest.mark.parametrize("service", WRITING)
def test_what_is_undone_is_every_step_of_its_fold(service: Service) -> None:
    for aggregate in service.aggregates:
        if aggregate.undo is not None:
            steps = {event for event in events_of(aggregate.evolve) if event.withdrawable}
            assert events_of(aggregate.undo) == steps, aggregate.state.prefix
