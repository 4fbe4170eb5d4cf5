"""Streams of other services that commands are decided on too: folded from the replicas here, each at a known position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from regesta.command import AnyAggregate, State
from regesta.event import Recorded, types_of
from regesta.reference import References
from regesta.unit import Store


class Elsewhere:
    """Folds streams of replicas. aggregates: of states that have a source; what they do not fold is passed over."""

    def __init__(self, store: Store, references: References, aggregates: Iterable[AnyAggregate]) -> None:
        self._store = store
        self._references = references
        self._aggregates = {each.state: each for each in aggregates}

    async def states(self, wanted: Mapping[str, type[State]], *, newest: bool) -> dict[str, State]:
        """Return streams, by their names here, as the replicas have them; of all that their sources had when they were asked, if `newest`.

        Raises what References.catch_up does, and what reading a replica raises.
        """
        states: dict[str, State] = {}
        for source in sorted({name.partition(":")[0] for name in wanted}):
            if newest:
                await self._references.catch_up(source)
            seen = (await self._store.head(source)).position
            kinds = {name.partition(":")[2]: kind for name, kind in wanted.items() if kind.source == source}
            for stream, events in (await self._store.streams(source, list(kinds), seen)).items():
                states[f"{source}:{stream}"] = self._state(kinds[stream](stream), events, seen)
        return states

    def _state(self, state: State, events: Iterable[Recorded], seen: int) -> State:
        aggregate = self._aggregates[type(state)]
        types = types_of(aggregate.events)
        state.seen = seen
        for recorded in events:
            if recorded.type in types:
                aggregate.extend(state, recorded)
            state.version = recorded.version
        return state


def named(kind: type[State], key: str) -> str:
    """Return the name of another service's stream, which a stream here cannot have."""
    return f"{kind.source}:{kind.name_of(key)}"
