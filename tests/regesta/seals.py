"""For tests of topics without services: a seal that everybody there knows."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from regesta.errors import SourceUnreachable
from regesta.seal import KEY_BYTES, READ_OWN, Seal

KEY = b"jars".ljust(KEY_BYTES)


@dataclass
class Told:
    """A seal that was told (see seal.Seals). now: what the source says when it is asked; None while it does not answer."""

    kept: Seal
    now: Seal | None
    times: int = 0

    async def known(self) -> Seal:
        return self.kept

    async def asked(self) -> Seal:
        self.times += 1
        if self.now is None:
            raise SourceUnreachable("nobody is there")
        self.kept = self.now
        return self.kept


async def seal_of(dsn: str) -> Seal:
    """Return the seal of the service whose database this is."""
    connection = await asyncpg.connect(dsn)
    try:
        return Seal(await connection.fetchval(READ_OWN))
    finally:
        await connection.close()


SEAL = Seal(KEY)
SEALED = Told(SEAL, SEAL)
