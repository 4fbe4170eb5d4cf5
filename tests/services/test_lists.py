"""Every list leads on from its last row, however long the key of that is."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from cli.installation import services
from cli.openapi import document
from contracts.allocation import LineKey
from contracts.types import (
    CommitmentId,
    ConventionId,
    DossierId,
    IndicatorId,
    NoteSlug,
    RecommendationId,
    RegulationId,
    Uuid,
)
from regesta.event import event_name
from regesta.paging import place_key
from regesta.runtime import Service
from regesta.strict import LARGEST

EVENTS: Final = "events"
PLACES: Final = "places"
# What the key of each list is: a name of this type, of an event of the service, or of a place in a read model.
KEYS: Final[dict[str, Any]] = {
    "/objectives/v1/notes": NoteSlug,
    "/objectives/v1/notes/{note}/objectives": EVENTS,
    "/objectives/v1/objectives/{objective}/facts": EVENTS,
    "/objectives/v1/objectives/{objective}/amounts": EVENTS,
    "/objectives/v1/objectives/{objective}/dossiers": DossierId,
    "/objectives/v1/recommendations": RecommendationId,
    "/objectives/v1/regulations": RegulationId,
    "/kpi/v1/indicators": IndicatorId,
    "/kpi/v1/indicators/{indicator}/measurements": EVENTS,
    "/kpi/v1/objectives/{objective}/indicators": IndicatorId,
    "/budget/v1/lines": LineKey,
    "/budget/v1/lines/{line}/years/{year}/entries": EVENTS,
    "/budget/v1/conventions": ConventionId,
    "/budget/v1/commitments": CommitmentId,
    # By line it is longest: of the others, a year, a flag, an entity and ids.
    "/budget/v1/sums": LineKey,
    "/reporting/v1/notes": NoteSlug,
} | {f"/{service.name}/v1/projections/{kind}": PLACES for service in services() for kind in ("parked", "dropped")}


def lists(service: Service) -> dict[str, int]:
    """Return how long a cursor may be in each list of a service."""
    found = {}
    for path, operations in document(service)["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["name"] == "after":
                found[path] = parameter["schema"]["maxLength"]
    return found


def longest(service: Service, kind: Any) -> int:
    """Return how long a key of a kind may be."""
    if kind == EVENTS:
        return len(event_name(service.name, LARGEST))
    if kind == PLACES:
        followed = [each.name for each in service.projections]
        followed += [f"reaction:{each.name}:{each.source}" for each in service.reactions]
        return max(len(place_key(name, LARGEST)) for name in followed)
    if kind == Uuid:
        return len(str(UUID(int=0)))
    bound = TypeAdapter(kind).json_schema()["maxLength"]
    assert isinstance(bound, int)
    return bound


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_each_list_takes_its_longest_key(service: Service) -> None:
    bounds = lists(service)
    assert bounds.keys() == {path for path in KEYS if path.startswith(f"/{service.name}/")}
    short = {path: bound for path, bound in bounds.items() if longest(service, KEYS[path]) > bound}
    assert short == {}
