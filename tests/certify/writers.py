"""A process of writers: `python -m tests.certify.writers PLAN NAME`. It goes on where its journals end, until its input does."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from random import Random

import uvloop

from regesta.errors import RegestaError
from regesta.identity import uuid7
from regesta.store import PostgresStore
from regesta.unit import Appended, Conflict, DataRefused, KeyAnswer, KeyKnown, OtherTurn, Unit
from tests.certify.journal import Answer, How, Journal, Kind, Outcome, Send, acknowledges, lines, paired
from tests.certify.plan import AWAY, Plan, begun
from tests.certify.planning import Planner, remembered
from tests.certify.units import REGISTRY, SERVICE, Key, unit_of

# Shares of what is sent.
IMPATIENT = 0.05
TWICE_AT_ONCE = 0.03
REPEATED = 0.15
DECIDED_ANEW = 0.5
CLAIMING = 0.5
PATIENCE_SECONDS = 0.02
RETRY_SECONDS = 0.1


class Writer:
    """One writer: sends unit after unit and repeats some of them, writing each send and each answer into its journal."""

    def __init__(self, plan: Plan, process: str, number: int, store: PostgresStore) -> None:
        path = plan.writer(process, number)
        self._past = paired(lines(path))
        self._number = len(self._past)
        self._known = remembered(f"{process}{number:02}", self._past)
        self._random = Random(f"{plan.seed}/{self._known.name}/{self._number}")  # noqa: S311 - repeatable, not secret
        self._planner = Planner(self._known, self._random)
        self._store = store
        self._journal = Journal(path)

    async def run(self, stop: asyncio.Event) -> None:
        """Send again what was not answered, then write until told to stop."""
        with self._journal:
            await self._settle()
            while not stop.is_set():
                await self._unit(self._planner.next(self._take_number()))

    async def _settle(self) -> None:
        """Send again what this writer had no answer to when it was killed."""
        answered = {send.command for send, answer in self._past if answer is not None}
        open_sends = {send.command: send for send, _ in self._past if send.command not in answered}
        for send in open_sends.values():
            await self._again(send, How.UNSURE)

    async def _unit(self, send: Send) -> None:
        """Send a unit, with the ways in which clients repeat themselves."""
        way = self._random.random()
        if way < IMPATIENT and await self._impatient(send):
            await self._again(send, How.UNSURE)
        elif IMPATIENT <= way < IMPATIENT + TWICE_AT_ONCE:
            first = replace(send, how=How.UNSURE)
            await asyncio.gather(self._send(first), self._send(replace(first, number=self._take_number())))
        elif way >= IMPATIENT + TWICE_AT_ONCE:
            answer = await self._send(send)
            if acknowledges(send, answer) and self._random.random() < REPEATED:
                await self._again(send, How.AGAIN)

    async def _impatient(self, send: Send) -> bool:
        """Send a unit and go away after a moment; return whether it was too short."""
        try:
            async with asyncio.timeout(self._random.uniform(0, PATIENCE_SECONDS)):
                await self._send(send)
        except TimeoutError:
            return True
        return False

    async def _again(self, send: Send, how: How) -> None:
        """Send a unit again: the same one, or under its key another with the same content, as a client decides it anew."""
        again = replace(send, number=self._take_number(), how=how)
        if send.key and send.kind in {Kind.PLAIN, Kind.HOT} and self._random.random() < DECIDED_ANEW:
            again = replace(again, unit=str(uuid7()), stands_for=send.command)
        await self._send(again)

    def _take_number(self) -> int:
        self._number += 1
        return self._number

    async def _send(self, send: Send) -> Answer:
        send = replace(send, at=time.monotonic_ns())
        self._journal.write(send)
        claim = send.kind is Kind.HOT and self._random.random() < CLAIMING
        answer = await self._answer(
            send, unit_of(send.unit, send.shares, send.key, spoilt=send.kind is Kind.REFUSED, claim=claim)
        )
        self._journal.write(answer)
        self._known.learn(send, answer)
        return answer

    async def _answer(self, send: Send, unit: Unit) -> Answer:
        try:
            outcome = await self._store.append(unit)
        except DataRefused as error:
            return Answer(send.number, time.monotonic_ns(), Outcome.REFUSED, detail=str(error))
        except RegestaError as error:
            return Answer(send.number, time.monotonic_ns(), Outcome.ERROR, detail=f"{type(error).__name__}: {error}")
        if isinstance(outcome, KeyKnown):
            return await self._key_answer(send)
        return _answer(send.number, outcome)

    async def _key_answer(self, send: Send) -> Answer:
        assert send.key is not None
        known, at = await self._known_key(send.key), time.monotonic_ns()
        if known is None:
            return Answer(send.number, at, Outcome.ERROR, detail="a key that is refused as known is not stored")
        positions = known.positions
        return Answer(send.number, at, Outcome.KEY, min(positions, default=0), max(positions, default=0))

    async def _known_key(self, key: Key) -> KeyAnswer | None:
        """Return what a key stands for, however often the database goes away; None when it is not stored."""
        while True:
            try:
                return (await self._store.keys([key])).get(key)
            except AWAY:
                await asyncio.sleep(RETRY_SECONDS)


def _answer(number: int, outcome: Appended | OtherTurn | Conflict) -> Answer:
    at = time.monotonic_ns()
    match outcome:
        case Appended(first, token, same):
            return Answer(number, at, Outcome.SAME if same else Outcome.OK, first, token if first else 0)
        case OtherTurn():
            return Answer(number, at, Outcome.TURN)
        case Conflict(stream, version):
            return Answer(number, at, Outcome.CONFLICT, stream=stream, version=version)


async def main(file: str, process: str) -> None:
    """Run the writers of one process."""
    plan = Plan.read(file)
    async with PostgresStore(SERVICE, plan.dsn, REGISTRY, pool_size=4) as store:
        writers = [Writer(plan, process, number, store) for number in range(plan.callers)]
        stop = begun()
        async with asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(writer.run(stop))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
