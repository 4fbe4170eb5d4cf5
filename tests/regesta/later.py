"""The jars of a later release: a fill says its coins and their metal, and the read model counts gold apart.

`python -m tests.regesta.later all` is a process of it, told by REGESTA_* as any service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from regesta.command import Aggregate, Command, Context, Facts, Read, Rule
from regesta.database import Connection as Db
from regesta.event import Event, FactWithdrawn, Recorded, Registry, Upcast
from regesta.main import main
from regesta.periods import Change, Periods
from regesta.projection import Fact, Projection
from regesta.reaction import Here, Reaction
from tests.regesta import jars
from tests.regesta.jars import Fill, Jar, JarLabelled, JarPoured, JarReceived, Label, Shard, ShelfBuilt


def _in_coins(old: jars.JarFilled) -> JarFilledV2:
    return JarFilledV2(ref=old.ref, coins=old.amount)


class JarFilledV2(Event):
    name = "jar-filled.v2"
    replaces = (Upcast(jars.JarFilled, _in_coins),)
    ref: str
    coins: int


def _of_some_metal(old: JarFilledV2) -> JarFilled:
    return JarFilled(ref=old.ref, coins=old.coins, metal="unknown")


class JarFilled(Event):
    name = "jar-filled.v3"
    replaces = (Upcast(JarFilledV2, _of_some_metal),)
    ref: str
    coins: int
    metal: Literal["unknown", "copper", "gold"]


def fill(command: Fill, read: Read, context: Context) -> Facts:
    """The rules are those of before, on what was read of both releases."""
    facts = jars.fill(command, read, context)
    if not facts:
        return facts
    return {
        Jar.name_of(command.jar): [
            JarFilled(ref=command.ref, coins=command.amount, metal=command.metal or "unknown"),
        ]
    }


def evolve(jar: Jar, event: Event) -> None:
    match event:
        case JarFilled():
            jar.amount += event.coins
            jar.fills[event.ref] = jars.JarFilled(ref=event.ref, amount=event.coins)
        case jars.JarFilled() | JarFilledV2():
            raise AssertionError(f"{event!r} is read as its newest class")
        case _:
            jars.evolve(jar, event)


# facts: the last type and data of each jar's facts, as they were given to the projection.
LEVELS = Periods("levels", {"jar": "text"}, {"amount": "bigint", "gold": "bigint", "facts": "text"})
MOVES = (JarFilled, JarPoured, JarReceived, JarLabelled, FactWithdrawn)


async def project_levels(db: Db, facts: Sequence[Fact]) -> None:
    """Keep how much each jar holds, how much of it is gold, and what the last fact said."""
    now: dict[str, tuple[int, int]] = {}
    for (jar,), (amount, gold, _) in (await LEVELS.current(db, {(r.stream,) for r, _ in facts})).items():
        assert isinstance(amount, int)
        assert isinstance(gold, int)
        now[str(jar)] = amount, gold
    changes = []
    for recorded, event in facts:
        amount, gold = now.get(recorded.stream, (0, 0))
        match event:
            case JarFilled():
                amount += event.coins
                gold += event.coins if event.metal == "gold" else 0
            case JarReceived():
                amount += event.amount
            case JarPoured():
                amount -= event.amount
            case JarLabelled() | FactWithdrawn():
                pass
            case _:
                raise AssertionError(f"no jar knows {event!r}")
        now[recorded.stream] = amount, gold
        said = f"{recorded.type} {recorded.raw}"
        changes.append(Change(recorded.position, (recorded.stream,), (amount, gold, said)))
    await LEVELS.put(db, changes)


async def stick_full(_here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """A large fill is labelled after its event."""
    large = isinstance(event, JarFilled) and event.coins >= 900
    return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)] if large else []


EVENTS = (JarFilled, JarPoured, JarReceived, JarLabelled, Shard)
REGISTRY = Registry(EVENTS, (ShelfBuilt,))
AGGREGATE = Aggregate(Jar, evolve, jars.undo)
RULES = (Rule(Fill, fill), *(rule for rule in jars.RULES if rule.command is not Fill))
PROJECTION = Projection("levels", "jars", 2, MOVES, ("levels",), project_levels)
REACTION = Reaction("stick-full", "jars", (JarFilled,), stick_full)
SERVICE = replace(
    jars.SERVICE,
    events=EVENTS,
    migrations=Path(__file__).with_name("later_migrations"),
    aggregates=(AGGREGATE,),
    rules=RULES,
    projections=(PROJECTION,),
    reactions=(REACTION,),
)

if __name__ == "__main__":
    main(SERVICE)
