"""Outages: which errors of a database pass, and what those are told who came meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import asyncpg

from regesta.errors import Busy, DatabaseAway, Misconfigured, RegestaError
from regesta.unit import Gap

AWAY = "the database does not answer"
# A connection is lost, or the server takes none now: what was sent may be done or not, and it will pass. See `is_lost`.
LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
# Classes of SQLSTATE whose words are of the server, of its objects and of our statements: not of the data.
OF_THE_SERVER = frozenset({"08", "25", "28", "40", "42", "53", "54", "55", "57", "58", "XX"})
# What is asked of an operator whom a process tells that it cannot begin with its database.
HINTS = (
    (
        (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError),
        "; was it migrated?",
    ),
    ((asyncpg.InvalidCatalogNameError,), "; was it installed?"),
    ((asyncpg.InvalidAuthorizationSpecificationError,), "; are the role and the password in its address right?"),
)

logger = logging.getLogger(__name__)


def is_lost(error: BaseException) -> bool:
    """Return whether an error means that a connection is lost, now or before, and not that something is wrong.

    For a closed connection asyncpg raises what it raises for a statement with too few arguments too: only its text differs.
    """
    closed = isinstance(error, asyncpg.InterfaceError) and ("closed" in str(error) or "closing" in str(error))
    return closed or isinstance(error, LOST)


def passes(error: BaseException) -> bool:
    """Return whether an error is of the database or of the way to it: a task shows it and tries again.

    That of a statement which the database refuses too, for what it lacks may come: a right, a table, room on a disk.
    """
    return is_lost(error) or isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError)


def words_of(error: BaseException) -> str:
    """Return an error with all its words, for the log of the process."""
    return f"{type(error).__name__}: {error}"


def public(error: BaseException) -> str:
    """Return an error as anybody may see it: its words only where they can quote no fact.

    A detail of PostgreSQL's is never among them, for it names the row.
    """
    name = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate)
        return f"{name}: {error.args[0]}" if state[:2] in OF_THE_SERVER else f"{name} {state}"
    return words_of(error) if is_lost(error) or isinstance(error, RegestaError | Gap) else name


@contextmanager
def reaching(dsn: str) -> Iterator[None]:
    """Raise DatabaseAway, with the address but for its password, where a process cannot begin with a database."""
    try:
        yield
    except Exception as error:
        if not passes(error):
            raise
        why = str(error) or type(error).__name__
        hint = next((hint for errors, hint in HINTS if isinstance(error, errors)), "")
        raise DatabaseAway(f"the database {place_of(dsn)!r} cannot be used: {why}{hint}") from error


@contextmanager
def addressing() -> Iterator[None]:
    """Raise Misconfigured for an address of a database that is none, around the call that is given it, and nothing else."""
    try:
        yield
    except ValueError as error:  # asyncpg's own, whose text may hold a part of the password
        raise Misconfigured("the database has no address such as postgresql://role:password@host:5432/name") from error


def place_of(dsn: str) -> str:
    """Return where a database is, as role@host:port/name, without the password; "" of an address that cannot be read."""
    parts = urlsplit(dsn)
    login, at, place = parts.netloc.rpartition("@")
    if bool(at) != ("@" in dsn):  # a character of the password ended what looks like the host
        return ""
    host = place or ",".join(parse_qs(parts.query).get("host", ()))
    return f"{login.partition(':')[0]}@{host}{parts.path}"


@contextmanager
def answering() -> Iterator[None]:
    """Raise Busy for a connection that is lost: for what only reads, so that nothing can be recorded unseen."""
    try:
        yield
    except Exception as error:
        if not is_lost(error):
            raise
        logger.warning("the database does not answer: %r", error)
        raise Busy(AWAY) from error
