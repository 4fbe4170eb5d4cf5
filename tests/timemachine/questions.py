"""What both systems are asked at a cut: every address that is read as of one, with ids drawn from the logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx2
from fastapi.routing import APIRoute

from regesta.event import event_name
from regesta.runtime import Service
from regesta.strict import query_parameters
from tests.timemachine.programme import Cut, Streams
from tests.timemachine.system import Part

YEARS: Final = ("2023", "2024", "2025")
DAYS: Final = ("2023-06-30", "2024-12-31")
HTML: Final = {"Accept": "text/html"}
# The months beside a letter are those of all that is known today, whatever the page speaks of.
STOPS: Final = re.compile(r'<ol class="stops".*?</ol>', re.DOTALL)
UNTIL: Final = re.compile(r'"until":(null|[0-9]+),')


@dataclass(frozen=True)
class Question:
    """A request. path: as the route has it; page: whether HTML is asked for, by an address that keeps the cut in its links."""

    service: str
    route: str
    address: str
    parameters: dict[str, str]
    as_of: str
    page: bool = False


@dataclass(frozen=True)
class Answered:
    """What an answer says, whoever gave it."""

    status: int
    etag: str | None
    link: str | None
    text: str


@dataclass
class Questions:
    """Draws questions about some streams."""

    streams: Streams
    random: Random
    asked: set[tuple[str, str]] = field(default_factory=set)

    def about(self, service: Service, cut: Cut) -> Iterator[Question]:
        """Yield one question for each route of a service that is read as of a cut, and one for a stream of each kind."""
        as_of = ",".join(event_name(source, cut[source]) for source in sorted({p.source for p in service.projections}))
        for route in routes_of(service):
            parameters = self._parameters(query_parameters(route), cut)
            address = re.sub(r"{(\w+)}", lambda name: self._value(name[1], cut), self._related(route.path, cut))
            page = not route.include_in_schema
            yield Question(service.name, route.path, address, parameters, as_of, page)
            if "text/html" in str(route.responses):
                yield Question(service.name, route.path, address, parameters, as_of, page=True)
        for kind in self.streams.kinds:
            if self.streams.log_of(kind) == service.name:
                address = f"/streams/{kind}/{self.streams.pick(kind, cut, self.random)}"
                yield Question(service.name, "/streams/{stream}", address, {}, str(cut[service.name]))

    def _related(self, path: str, cut: Cut) -> str:
        """Return a path in which mostly an objective stands beside its own note, for there are few answers elsewhere."""
        objective = self.streams.pick("objective", cut, self.random)
        if not {"{note}", "{objective}"} <= set(path.split("/")) or self.random.random() < 0.2:
            return path
        note = self.streams.notes.get(objective, "{note}")
        return path.replace("{objective}", objective).replace("{note}", note)

    def _parameters(self, names: frozenset[str], cut: Cut) -> dict[str, str]:
        chosen = {"limit": self.random.choice(("1", "3", "500"))} if "limit" in names else {}
        for name in sorted(names & {"year", "occurred_until", "dossier", "convention", "section"}):
            if self.random.random() < 0.5:
                chosen[name] = self._value(name, cut)
        if "by" in names:
            chosen["by"] = self.random.choice(("line", "dossier", "objective", "programme", "entity", "year", "sec"))
        return chosen

    def _value(self, name: str, cut: Cut) -> str:
        match name:
            case "year":
                return self.random.choice(YEARS)
            case "occurred_until":
                return self.random.choice(DAYS)
            case "section":
                return self.random.choice(("realised", "planned"))
            case "number":
                return str(self.random.randint(1, 3))
            case "part":
                objective = self.streams.pick("objective", cut, self.random)
                return self.random.choice(("letter", "overview", f"letter-{objective}", f"objective-{objective}"))
            case _:
                return self.streams.pick(name, cut, self.random)


def routes_of(service: Service) -> list[APIRoute]:
    """Return the routes of a service that are read as of a cut."""
    routes = [route for router in service.routers for route in router.routes if isinstance(route, APIRoute)]
    return [route for route in routes if "cut" in query_parameters(route)]


async def ask(part: Part, question: Question, *, live: bool) -> Answered:
    """Return what a service answers. live: it knows more than the question is about, and is told as of when."""
    parameters = question.parameters | ({"cut": question.as_of} if live or question.page else {})
    address = f"{part.service.prefix}{question.address}"
    answer = await part.client.get(address, params=parameters, headers=HTML if question.page else {})
    text = STOPS.sub("", answer.text) if question.page else UNTIL.sub("", answer.text)
    link = answer.links.get("next", {}).get("url")
    after = None if link is None else httpx2.URL(link).params["after"]
    return Answered(answer.status_code, answer.headers.get("etag"), after, text)
