"""Every operation of a command, with a body that is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import BaseModel, JsonValue

from regesta.command import Command
from regesta.runtime import Service
from regesta.web import body_model, path_fields
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from tests.services.budget import cases as budget
from tests.services.kpi import cases as kpi
from tests.services.objectives import cases as objectives

Steps: TypeAlias = tuple[str | int, ...]
Body: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True)
class Operation:
    """What an operation reads as its body, and a body that is right."""

    model: type[BaseModel]
    body: Body

    def __repr__(self) -> str:
        return self.model.__name__


def operations(service: Service, commands: list[Command]) -> Iterator[Operation]:
    """Yield every operation of a service that has a body."""
    routes = {route.command: route for route in service.routes}
    for command in commands:
        route = routes.get(type(command))
        if route is not None:
            body = command.model_dump(mode="json", exclude=set(path_fields(route)), exclude_none=True)
            yield Operation(body_model(route), {**body, "occurred": "2024-06-20"})


OPERATIONS: Final = [
    *operations(OBJECTIVES, [*(case.command for case in objectives.CASES), *objectives.COUNTED]),
    *operations(KPI, [*(case.command for case in kpi.CASES), *kpi.COUNTED]),
    *operations(BUDGET, [*(case.command for case in budget.CASES), *budget.COUNTED]),
]


def places(document: JsonValue, at: Steps = ()) -> Iterator[Steps]:
    """Yield the way to every value of a document but itself."""
    if at:
        yield at
    if isinstance(document, dict):
        for name, value in document.items():
            yield from places(value, (*at, name))
    if isinstance(document, list):
        for number, value in enumerate(document):
            yield from places(value, (*at, number))
