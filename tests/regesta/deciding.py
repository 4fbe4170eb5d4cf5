"""Deciders of jars over a store: short ways to write commands, and what another process does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias

from regesta.command import Command, Context
from regesta.decider import Decider
from regesta.envelope import Answer, Envelope, Key
from regesta.suites import META
from regesta.unit import NewEvent, Store, Unit
from tests.regesta.jars import Fill

CONTEXT = Context("officer", frozenset(), frozenset(), datetime(2026, 1, 5, tzinfo=UTC))

Start: TypeAlias = Callable[[Store], Awaitable[Decider]]


def fill(ref: str, amount: int = 1, jar: str = "a", occurred: str | None = None) -> Fill:
    return Fill(jar=jar, ref=ref, amount=amount, occurred=occurred)


def keyed(key: str, request: bytes = b"request") -> Envelope:
    return Envelope(key=Key("officer", key, request))


async def all_of(decider: Decider, *commands: Command) -> list[Answer | BaseException]:
    return await asyncio.gather(*(decider.handle(each, CONTEXT) for each in commands), return_exceptions=True)


def filled_by_another(ref: str, version: int, amount: int = 1) -> Unit:
    """Return what another process appends to jar/a."""
    data = f'{{"ref":"{ref}","amount":{amount}}}'
    return Unit({"jar/a": version - 1}, [NewEvent("jar/a", version, "jar-filled.v1", META, data)])
