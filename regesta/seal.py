"""Seals: a header of each record in a topic, which only the service whose log it is can make.

Whoever may write into a topic could otherwise invent events, for the id of a log and its next position are no secret. The key is made
with a service's database, told over HTTP to who may read its whole log, and kept by its readers; whoever holds it could seal too.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any, Final, Protocol

import asyncpg

from regesta.errors import SourceUnreachable
from regesta.readers import ending

KEY_BYTES: Final = 32
SEAL_BYTES: Final = 16

READ_OWN: Final = "SELECT key FROM log.seal"
READ: Final = "SELECT key FROM bus.seals WHERE source = $1"
KEEP: Final = """
INSERT INTO bus.seals (source, key) VALUES ($1, $2) ON CONFLICT (source) DO UPDATE SET key = excluded.key
WHERE seals.key <> excluded.key
"""


class Seal:
    """The key under which the records of one service are sealed. Raises ValueError for what is none."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        self.key = key
        # Keyed once: to do it for each record took a quarter more.
        self._keyed = hashlib.blake2b(digest_size=SEAL_BYTES, key=key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seal) and hmac.compare_digest(self.key, other.key)

    __hash__ = None  # type: ignore[assignment]  # nobody looks keys up

    def of(self, parts: Iterable[bytes]) -> bytes:
        """Return the seal of some parts, always as many, of which none but the last holds NUL. Hexadecimal, for some clients take headers as text."""
        seal = self._keyed.copy()
        seal.update(b"\0".join(parts))
        return seal.hexdigest().encode()

    def is_on(self, parts: Iterable[bytes], given: bytes | None) -> bool:
        """Return whether a seal is that of some parts."""
        return given is not None and hmac.compare_digest(self.of(parts), given)


class Seals(Protocol):
    """Where the seal of one service is known from."""

    async def known(self) -> Seal:
        """Return the seal as it was told last. Raises SourceUnreachable when it never was, and the source does not answer."""
        ...

    async def asked(self) -> Seal:
        """Return the seal as the source tells it now. Raises SourceUnreachable."""
        ...


class Teller(Protocol):
    """Who tells a key: the source."""

    async def seal(self) -> Seal:
        """Return what the source seals with. Raises SourceUnreachable."""
        ...


class OwnSeal:
    """The seal of the service itself (see Seals)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def known(self) -> Seal:
        """Return it."""
        return Seal(await _ask(self._pool, READ_OWN))

    async def asked(self) -> Seal:
        """Return it."""
        return await self.known()


class SourceSeal:
    """The seal of a source, kept in the database of who reads it (see Seals)."""

    def __init__(self, pool: asyncpg.Pool, source: str, teller: Teller) -> None:
        self._pool = pool
        self._source = source
        self._teller = teller

    async def known(self) -> Seal:
        """Return it as it is kept, or ask for it."""
        key = await _ask(self._pool, READ, self._source)
        return await self.asked() if key is None else Seal(key)

    async def asked(self) -> Seal:
        """Return it as the source tells it now, and keep it."""
        seal = await self._teller.seal()
        await _ask(self._pool, KEEP, self._source, seal.key)
        return seal


async def _ask(pool: asyncpg.Pool, statement: str, *values: object) -> Any:
    """Return the value of the first column and row; a connection that hangs is given up."""
    async with ending(await pool.acquire(), pool) as db:
        return await db.fetchval(statement, *values)


async def newest(seals: Seals) -> Seal:
    """Return a seal as the source tells it now, or as it was told last while the source does not answer. Raises SourceUnreachable."""
    try:
        return await seals.asked()
    except SourceUnreachable:
        return await seals.known()
