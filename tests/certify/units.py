"""What a unit of the certificate is made of: events whose content follows from the unit's id, so that anybody can check it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from regesta.event import Event, Registry
from regesta.unit import KeyUse, Meta, NewEvent, Unit

SERVICE = "certified"
MIRROR = "mirror"

# A stream of a unit, the version it is expected at, and how many events the unit writes to it; 0 when it only reads it.
Share: TypeAlias = tuple[str, int, int]
# A command key and whose it is.
Key: TypeAlias = tuple[str, str]

PADDING = "0123456789abcdef" * 256
# Of 256 units; their events are large enough for PostgreSQL to compress them or store them apart.
LARGE_UNITS = 6


class Noted(Event):
    """One event of a unit. unit: its id; n: which of the unit's events this is, from 0; of: how many there are."""

    name = "noted.v1"
    unit: str
    n: int
    of: int
    pad: str


REGISTRY = Registry([Noted])


def size_of(shares: Sequence[Share]) -> int:
    """Return how many events a unit has."""
    return sum(count for _, _, count in shares)


def order_of(shares: Sequence[Share]) -> list[tuple[str, int]]:
    """Return (stream, version) of each event of a unit, in order: its streams in turn."""
    turns = range(1, max(count for _, _, count in shares) + 1)
    return [(stream, expected + turn) for turn in turns for stream, expected, count in shares if turn <= count]


def payload(unit: str, n: int, of: int) -> str:
    """Return the n-th event of a unit as JSON text, some 100 to 4,000 bytes."""
    width = (int(unit[-4:], 16) + 37 * n) % 200
    if int(unit[-6:-4], 16) < LARGE_UNITS:
        width *= 20
    return f'{{"unit":"{unit}","n":{n},"of":{of},"pad":"{PADDING[:width]}"}}'


def unit_of(unit: str, shares: Sequence[Share], key: Key | None, *, spoilt: bool = False, claim: bool = False) -> Unit:
    """Return what is appended. spoilt: one event, which one follows from the id, is what no database stores."""
    meta = Meta(actor=unit[:8], correlation=f"{SERVICE}:1").json()
    order = order_of(shares)
    data = [payload(unit, n, len(order)) for n in range(len(order))]
    if spoilt:
        worst = int(unit[-8:-4], 16) % len(order)
        data[worst] = data[worst][:-1] if worst % 2 else data[worst].replace("unit", "un\0it")
    events = [
        NewEvent(stream, version, Noted.name, meta, text) for (stream, version), text in zip(order, data, strict=True)
    ]
    expected = {stream: version for stream, version, _ in shares}
    keys = [KeyUse(*key, hashlib.sha256(key[1].encode()).digest(), 0, len(events))] if key else []
    return Unit(expected, events, keys, claim, UUID(unit))
