"""A small service for the kernel's tests: jars of coins that are filled, poured into one another, labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter
from pydantic import Field

from regesta.caller import Caller
from regesta.command import (
    Aggregate,
    Command,
    Context,
    Facts,
    Read,
    Reference,
    Rule,
    State,
    fact,
    nothing,
    recorded,
    withdraw,
)
from regesta.database import Connection as Db
from regesta.errors import Differs, Refused
from regesta.event import Event, FactWithdrawn, Recorded, Registry
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from regesta.reaction import Here, Reaction
from regesta.runtime import CommandRoute, Service
from regesta.strict import StrictRoute
from regesta.view import AsOf, Reading

CAPACITY = 1_000


class JarFilled(Event):
    name = "jar-filled.v1"
    ref: str
    amount: int


class JarPoured(Event):
    name = "jar-poured.v1"
    into: str
    amount: int


class JarReceived(Event):
    name = "jar-received.v1"
    amount: int


class JarLabelled(Event):
    name = "jar-labelled.v1"
    withdrawable = True
    label: str


class ShelfBuilt(Event):
    """Of another service, which must know a shelf before a jar stands on it."""

    name = "shelf-built.v1"


@dataclass(slots=True)
class Jar(State):
    prefix: ClassVar[str] = "jar"
    amount: int = 0
    fills: dict[str, Event] = field(default_factory=dict)
    labels: dict[str, Event] = field(default_factory=dict)


class JarCommand(Command):
    scope = "jars:write"
    jar: Annotated[str, Field(min_length=1, max_length=80)]

    @property
    def stream(self) -> str:
        return Jar.name_of(self.jar)


class Fill(JarCommand):
    """Put coins into a jar."""

    name = "fill"
    ref: Annotated[str, Field(min_length=1, max_length=80)]
    amount: Annotated[int, Field(gt=0, strict=True)]
    shelf: str | None = None
    metal: Literal["copper", "gold"] | None = None

    def references(self) -> tuple[Reference, ...]:
        return (Reference("shelves", f"shelf/{self.shelf}"),) if self.shelf else ()


class Pour(JarCommand):
    """Move coins from one jar to another."""

    name = "pour"
    into: str
    amount: Annotated[int, Field(gt=0, strict=True)]


class Label(JarCommand):
    """Stick a label on a jar."""

    name = "label"
    label: str


class Unlabel(JarCommand):
    """Withdraw a label. Only the keeper may."""

    name = "unlabel"
    roles = frozenset({"keeper"})
    event: str
    reason: str


class Explode(JarCommand):
    """A command with a fault in its rule, as programmers make them."""

    name = "explode"
    late: bool = False


class Overflows(Refused):
    """A jar does not hold so much."""

    code = "jar-overflows"


class TooFew(Refused):
    """A jar holds less than is to be poured."""

    code = "too-few-coins"


def fill(command: Fill, read: Read, _context: Context) -> Facts:
    jar, asked = read(Jar, command.jar), fact(JarFilled, command)
    if recorded(jar.fills.get(command.ref), asked, Differs):
        return nothing()
    if jar.amount + command.amount > CAPACITY:
        raise Overflows(f"{jar.amount} + {command.amount} is more than {CAPACITY}", amount=command.amount)
    return {jar.stream: [asked]}


def pour(command: Pour, read: Read, _context: Context) -> Facts:
    jar = read(Jar, command.jar)
    into = read(Jar, command.into)
    if command.amount > jar.amount:
        raise TooFew(f"{jar.amount} are fewer than {command.amount}", amount=command.amount)
    if into.amount + command.amount > CAPACITY:
        raise Overflows(f"{into.amount} + {command.amount} is more than {CAPACITY}", amount=command.amount)
    return {
        jar.stream: [JarPoured(into=command.into, amount=command.amount)],
        into.stream: [JarReceived(amount=command.amount)],
    }


def label(command: Label, read: Read, _context: Context) -> Facts:
    jar, asked = read(Jar, command.jar), fact(JarLabelled, command)
    if recorded(jar.labels.get(command.label), asked, Differs):
        return nothing()
    # Made without `fact`, so that only the kernel can say when it occurred.
    return {jar.stream: [JarLabelled(label=command.label)]}


def unlabel(command: Unlabel, read: Read, _context: Context) -> Facts:
    return withdraw(read(Jar, command.jar), "jars", command)


class Shard(Event):
    """Of which the fold makes a fault."""

    name = "shard.v1"


def explode(command: Explode, read: Read, _context: Context) -> Facts:
    jar = read(Jar, command.jar)
    if command.late:
        return {jar.stream: [JarFilled(ref="late", amount=1), Shard()]}
    raise ZeroDivisionError("a fault of ours")


def evolve(jar: Jar, event: Event) -> None:
    match event:
        case JarFilled():
            jar.amount += event.amount
            jar.fills[event.ref] = event
        case JarPoured():
            jar.amount -= event.amount
        case JarReceived():
            jar.amount += event.amount
        case JarLabelled():
            jar.labels[event.label] = event
        case _:
            raise AssertionError(f"no jar knows {event!r}")


def undo(jar: Jar, step: Event) -> None:
    if isinstance(step, JarLabelled):
        jar.labels.pop(step.label, None)


LEVELS = Periods("levels", {"jar": "text"}, {"amount": "bigint", "labels": "text"})
MOVES = (JarFilled, JarPoured, JarReceived, JarLabelled, FactWithdrawn)


async def project_levels(db: Db, facts: Sequence[Fact]) -> None:
    """Keep each jar's amount and the positions of its labels that stand."""
    now = {
        str(jar): (amount, str(labels))
        for (jar,), (amount, labels) in (await LEVELS.current(db, {(r.stream,) for r, _ in facts})).items()
        if isinstance(amount, int)
    }
    changes = []
    for moved, event in facts:
        amount, labels = now.get(moved.stream, (0, ""))
        match event:
            case JarFilled() | JarReceived():
                amount += event.amount
            case JarPoured():
                amount -= event.amount
            case JarLabelled():
                labels += f"{moved.name} "
            case FactWithdrawn():
                labels = labels.replace(f"{event.event} ", "")
            case _:
                raise AssertionError(f"no jar knows {event!r}")
        now[moved.stream] = amount, labels
        changes.append(Change(moved.position, (moved.stream,), (amount, labels)))
    await LEVELS.put(db, changes)


async def stick_full(_here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """A large fill is labelled after its event."""
    large = isinstance(event, JarFilled) and event.amount >= 900
    return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)] if large else []


class LevelOut(AsOf):
    amount: int


router = APIRouter(tags=["reads"], route_class=StrictRoute)


@router.get("/levels/{jar}")
async def get_level(jar: str, view: Reading, caller: Caller) -> LevelOut:
    """Return how much a jar holds."""
    caller.require("jars:read")
    position = view.cut["jars"]
    row = f"SELECT amount FROM levels AS level WHERE jar = $1 AND {as_of('level', '$2')}"
    amount = await view.db.fetchval(row, f"jar/{jar}", position)
    return LevelOut(**AsOf.of(view), amount=amount or 0)


EVENTS = (JarFilled, JarPoured, JarReceived, JarLabelled, Shard)
SOURCES = {"shelves": (ShelfBuilt,)}
REGISTRY = Registry(EVENTS, SOURCES["shelves"])
AGGREGATE = Aggregate(Jar, evolve, undo)
RULES = (Rule(Fill, fill), Rule(Pour, pour), Rule(Label, label), Rule(Unlabel, unlabel), Rule(Explode, explode))
PROJECTION = Projection("levels", "jars", 1, MOVES, ("levels",), project_levels)
REACTION = Reaction("stick-full", "jars", (JarFilled,), stick_full)
ROUTES = (
    CommandRoute("PUT", "/jars/{jar}/fills/{ref}", Fill),
    CommandRoute("POST", "/jars/{jar}/pours", Pour),
    CommandRoute("POST", "/jars/{jar}/labels", Label),
    CommandRoute("POST", "/jars/{jar}/unlabel", Unlabel),
    CommandRoute("POST", "/jars/{jar}/explode", Explode),
)
SERVICE = Service(
    name="jars",
    title="Jars",
    events=EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    aggregates=(AGGREGATE,),
    rules=RULES,
    routes=ROUTES,
    routers=(router,),
    projections=(PROJECTION,),
    reactions=(REACTION,),
)
