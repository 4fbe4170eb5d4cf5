"""Documents that stay as they are: kept beside the log by their hash, which an event names.

A document is kept before the event that names it is appended. So a document that no event names does no harm, and no crash leaves
an event without its document. Only an event taken back from a consumer after a loss comes without it, until it is made and kept again.
"""

from __future__ import annotations

import hashlib

import asyncpg

from regesta.database import Connection as Db
from regesta.errors import DiskFull, NotFound

KEEP = "SELECT log.keep($1)"
READ = "SELECT content FROM log.documents WHERE hash = $1"


def hash_of(document: bytes) -> str:
    """Return the SHA-256 of a document, hexadecimal."""
    return hashlib.sha256(document).hexdigest()


async def keep(pool: asyncpg.Pool, document: bytes) -> None:
    """Keep a document for ever; once this returns, no crash takes it away. The same one again is kept once. Raises DiskFull."""
    try:
        await pool.execute(KEEP, document)
    except asyncpg.DiskFullError as error:
        raise DiskFull(
            f"PostgreSQL has no space left for a document of {len(document)} bytes; nothing was kept"
        ) from error


async def kept(db: Db | asyncpg.Pool, hashed: str) -> bytes:
    """Return the document of a hash. Raises NotFound."""
    content: bytes | None = await db.fetchval(READ, bytes.fromhex(hashed))
    if content is None:
        raise NotFound(f"no document with the hash {hashed!r} is kept here", hash=hashed)
    return content
