"""Streams of other services that commands are decided on too: folded from the replicas here, each at a known position."""

from __future__ import annotations

from collections.abc import Iterable

from regesta.command import AnyAggregate, State
from regesta.event import types_of
from regesta.reference import References
from regesta.unit import Store

PAGE_EVENTS = 500


class Elsewhere:
    """Folds streams of replicas. aggregates: of states that have a source; what they do not fold is passed over."""

    def __init__(self, store: Store, references: References, aggregates: Iterable[AnyAggregate]) -> None:
        self._store = store
        self._references = references
        self._aggregates = {each.state: each for each in aggregates}

    async def state(self, kind: type[State], stream: str, *, newest: bool) -> State:
        """Return a stream as its replica has it; of all that its source had when it was asked, if `newest`.

        Raises what References.catch_up does, and what reading the replica raises.
        """
        source = kind.source
        assert source is not None
        if newest:
            await self._references.catch_up(source)
        aggregate = self._aggregates[kind]
        types = types_of(aggregate.events)
        state = kind(stream)
        state.seen = (await self._store.head(source)).position
        while page := await self._store.of_stream(source, stream, state.version, PAGE_EVENTS):
            for recorded in page:
                if recorded.position > state.seen:
                    return state
                if recorded.type in types:
                    aggregate.extend(state, recorded)
                state.version = recorded.version
        return state


def named(kind: type[State], key: str) -> str:
    """Return the name of another service's stream, which a stream here cannot have."""
    return f"{kind.source}:{kind.name_of(key)}"
