"""A process of its own that commits and pays on one ledger as fast as it can: `python -m ... DSN NAME`.

It says "ready" when it is connected, begins when it reads a line, and prints one JSON line per command:
{"stream", "outcome", "event", "left_cents", "seconds"}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from uuid import NAMESPACE_URL, uuid5

from contracts import budget
from regesta.command import Command, Context
from regesta.decider import Decider
from regesta.elsewhere import Elsewhere
from regesta.errors import RegestaError
from regesta.event import Registry
from regesta.reference import References
from regesta.store import PostgresStore
from regesta.testing import NOON
from services.budget.app import AGGREGATES, ELSEWHERE, RULES
from tests.services.budget.samples import ONE, TWO, commit, pay

ROUNDS = 150
TOGETHER = 16
CENTS = 10


async def main(dsn: str, name: str) -> None:
    """Hammer, and print what each command came to."""
    context = Context(name, frozenset(), frozenset(), NOON)
    async with PostgresStore("budget", dsn, Registry(budget.EVENTS), pool_size=2) as store:
        decider = Decider(store, AGGREGATES, RULES, Elsewhere(store, References(store, {}), ELSEWHERE))
        running = asyncio.create_task(decider.run())
        room = asyncio.Semaphore(TOGETHER)

        async def one(command: Command) -> dict[str, object]:
            async with room:
                started = time.perf_counter()
                result = await _outcome(decider, command, context)
                return result | {"stream": command.stream, "seconds": time.perf_counter() - started}

        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        commands = [command for number in range(ROUNDS) for command in _commands(name, number)]
        for result in await asyncio.gather(*map(one, commands)):
            _say(json.dumps(result))
        running.cancel()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _commands(name: str, number: int) -> tuple[Command, ...]:
    """Return a commitment; a payment where the ledger is the bound; and one where the commitment is."""
    mine = str(uuid5(NAMESPACE_URL, f"{name}/{number}"))
    return (
        commit(CENTS, mine),
        pay(CENTS, f"{name}-{number}", of=ONE),
        pay(CENTS, f"{name}-{number}", of=TWO, year=2025),
    )


async def _outcome(decider: Decider, command: Command, context: Context) -> dict[str, object]:
    try:
        answer = await decider.handle(command, context)
    except RegestaError as refusal:
        left = refusal.details.get("left_cents", refusal.details.get("outstanding_cents"))
        return {"outcome": refusal.code, "event": None, "left_cents": left}
    return {"outcome": "recorded", "event": answer.events[0], "left_cents": None}


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
