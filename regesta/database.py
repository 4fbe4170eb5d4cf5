"""The database of a service: its roles, its migrations, and whether it keeps what it acknowledged.

A service has one database and three roles: `<service>_log` owns the log and cannot log in, `<service>_owner` runs migrations
and owns the read models, `<service>` is the runtime. No other role but the administrator's may connect.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from regesta.errors import Misconfigured
from regesta.outage import addressing, is_lost, reaching

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

KERNEL_MIGRATIONS = Path(__file__).with_name("migrations")
# A migration of one file waits for the same release in another process; any number will do.
MIGRATING = 0x72656765737461
# So long a statement of a migration waits for a table in use, since all who come after it wait behind it. Then it steps
# back and comes again, for as long as a read or a rebuild may take.
LOCK_SECONDS = 1
LOCK_PAUSE_SECONDS = 1.0
LOCK_TRIES = 120
GIVE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
DURABLE_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")
SCRAM_ITERATIONS = 4096
ENDS_TRANSACTION = re.compile(r"^\s*(commit|rollback|abort)\b[^;]*;", re.IGNORECASE | re.MULTILINE)
# PostgreSQL cuts names after 63 bytes; `_owner` is appended.
NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")

CREATE_MIGRATIONS = """
CREATE SCHEMA IF NOT EXISTS regesta;
CREATE TABLE IF NOT EXISTS regesta.migrations (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    sha256 text COLLATE "C" NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
READ_MIGRATIONS = "SELECT name, sha256 FROM regesta.migrations ORDER BY number"
ADD_MIGRATION = """
INSERT INTO regesta.migrations (name, sha256) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = clock_timestamp()
"""

# Roles that stand already are taken over, but not when they may do more than a service's roles should.
READ_POWERFUL = """
SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)
AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
"""
READ_ROLES = "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)"
READ_DATABASE = "SELECT true FROM pg_database WHERE datname = $1"
READ_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)"

# $1, $2: the role of the log, and that of migrations. The service's own is the current one.
READ_EXCESS = """
SELECT format('%s may %s', rolname, power) AS excess FROM pg_roles CROSS JOIN LATERAL (VALUES
    (rolsuper, 'do everything'), (rolcreaterole, 'make roles'), (rolcreatedb, 'make databases'),
    (rolreplication, 'replicate'), (rolbypassrls, 'pass by row security'), (rolname = $1 AND rolcanlogin, 'log in')
) AS powers (has, power) WHERE has AND rolname IN (current_user, $1, $2)
UNION ALL
SELECT format('%s may become %s', current_user, rolname) FROM pg_roles
WHERE rolname IN ($1, $2) AND pg_has_role(current_user, oid, 'MEMBER')
UNION ALL
SELECT format('%s may %s %s.%s', grantee, right_, nspname, relname) FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
CROSS JOIN unnest(ARRAY[current_user, $2]) AS grantee
CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS right_
WHERE nspname = 'log' AND relkind = 'r' AND has_table_privilege(grantee, pg_class.oid, right_)
UNION ALL
SELECT format('%s may make tables in the schema %s', current_user, nspname) FROM pg_namespace
WHERE nspname !~ '^pg_temp' AND has_schema_privilege(current_user, oid, 'CREATE')
UNION ALL
SELECT 'everybody may connect' FROM pg_database CROSS JOIN aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl
WHERE datname = current_database() AND acl.grantee = 0 AND acl.privilege_type = 'CONNECT'
ORDER BY 1
"""


@dataclass(frozen=True)
class Passwords:
    """The passwords of a service's two roles that log in. ASCII only."""

    runtime: str
    owner: str


async def create_service(admin_dsn: str, service: str, passwords: Passwords) -> None:
    """Make the roles and the database of a service, or bring those that stand to this state and these passwords.

    admin_dsn: a role that may create roles and databases, in any database of the server. Raises Misconfigured when a role
    stands that may do more than it should.
    """
    _require_name(service)
    async with _connected(admin_dsn) as admin:
        await admin.execute("SELECT pg_advisory_lock($1)", MIGRATING)
        await _create_roles(admin, service, passwords)
        await create_database(admin, service, service)


def password_of(dsn: str) -> str:
    """Return the password in the address of a database. Raises Misconfigured, without showing it, when there is none."""
    password = urlsplit(dsn).password
    if not password:
        raise Misconfigured("the address of a role that is to be made must hold its password")
    return unquote(password)


async def create_database(admin: Connection, service: str, name: str, template: str | None = None) -> None:
    """Make a database for a service's roles, if it does not stand, and let only those connect.

    template: a database to copy, with nobody connected to it. The three roles must stand.
    """
    _require_name(service)
    _require_name(name)
    if not await admin.fetchval(READ_DATABASE, name):
        await admin.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    await admin.execute(f"""
        REVOKE ALL ON DATABASE {name} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {name} TO {service};
        GRANT CONNECT, CREATE ON DATABASE {name} TO {service}_owner;
    """)


def migrations(own: Path | None = None) -> list[Path]:
    """Return the files that make a service's database: the kernel's, then those in its own folder.

    Files that begin with a number are applied once, forward only; the others, of functions, whenever they were changed.
    """
    folders = [KERNEL_MIGRATIONS, own] if own else [KERNEL_MIGRATIONS]
    return [file for folder in folders for file in sorted(folder.glob("*.sql"))]


async def migrate(owner_dsn: str, service: str, files: Sequence[Path]) -> list[str]:
    """Apply the files that the database has not seen, in the given order, and return their names.

    Each file is one transaction; `{service}` in it stands for the service's name. Processes that start together take turns;
    those of another release may run meanwhile. Raises Misconfigured when an applied file was changed, is missing, or would be
    preceded by a new one of its folder: nothing is applied then; and when a file fails: those before it stay, nothing of it
    does, and the next call goes on with it.
    """
    _require_name(service)
    async with _connected(owner_dsn) as owner:
        await owner.execute("SELECT pg_advisory_lock($1)", MIGRATING)
        await owner.execute(CREATE_MIGRATIONS)
        names = await pending(owner, service, files)
        for file in files:
            if file.name in names:
                await _apply(owner, service, file.name, _text(file))
    return names


async def pending(db: Connection, service: str, files: Sequence[Path]) -> list[str]:
    """Return the names of the files that a database has not seen, or not as they are now. Raises Misconfigured (see migrate)."""
    texts = {file.name: _text(file) for file in files}
    if len(texts) < len(files):
        raise Misconfigured(f"two migrations of {service!r} have one name: {[file.name for file in files]!r}")
    seen = await applied(db)
    _require_whole(service, texts)
    _require_unchanged(service, seen, texts)
    _require_forward(service, seen, files)
    return [name for name, text in texts.items() if seen.get(name) != _sha256(text)]


async def applied(db: Connection) -> dict[str, str]:
    """Return the SHA-256 of each file that was applied to a database, by name."""
    return {row["name"]: row["sha256"] for row in await db.fetch(READ_MIGRATIONS)}


async def excess_rights(db: Connection, service: str) -> list[str]:
    """Return what the roles of a service may do that they should not, as sentences. db: of the role that runs."""
    rows = await db.fetch(READ_EXCESS, f"{service}_log", f"{service}_owner")
    return [row["excess"] for row in rows]


async def check_durable(connection: Connection, *, allow_unsafe: bool = False) -> None:
    """Raise Misconfigured when this connection's server may forget what it acknowledged, unless that is allowed."""
    rows = await connection.fetch(READ_SETTINGS, DURABLE_SETTINGS)
    unsafe = sorted(row["name"] for row in rows if row["setting"] == "off")
    if unsafe and not allow_unsafe:
        raise Misconfigured(f"PostgreSQL may lose acknowledged events: {', '.join(unsafe)} is off", settings=[*unsafe])


async def _create_roles(admin: Connection, service: str, passwords: Passwords) -> None:
    logins = {service: passwords.runtime, f"{service}_owner": passwords.owner}
    names = [*logins, f"{service}_log"]
    if powerful := [row["rolname"] for row in await admin.fetch(READ_POWERFUL, names)]:
        raise Misconfigured(f"roles of {service!r} may do more than they should: {powerful!r}")
    standing = {row["rolname"] for row in await admin.fetch(READ_ROLES, names)}
    for name in names:
        if name not in standing:
            await admin.execute(f"CREATE ROLE {name}")
    for name, password in logins.items():
        await admin.execute(f"ALTER ROLE {name} LOGIN PASSWORD '{scram_verifier(password)}'")
    # The owner makes the log in the name of its role, and has no right on it otherwise.
    await admin.execute(f"GRANT {service}_log TO {service}_owner WITH INHERIT FALSE, SET TRUE")


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores for a password (RFC 5803), so that the password itself is in no statement or log."""
    if not password or not password.isascii():
        raise Misconfigured("passwords of database roles must be ASCII and not empty")
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(each).decode() for each in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"


async def _apply(owner: Connection, service: str, name: str, text: str) -> None:
    """Apply one file whole or not at all. Raises Misconfigured, which names it and says what to do."""
    try:
        for _ in range(LOCK_TRIES - 1):
            with suppress(*GIVE_WAY):
                return await _apply_once(owner, service, name, text)
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        await _apply_once(owner, service, name, text)
    except Exception as error:
        if is_lost(error):
            what = "was interrupted; migrate again, it is known what was applied"
        elif isinstance(error, GIVE_WAY):
            what = "gave way to others that use its tables; migrate again when they are done"
        elif isinstance(error, asyncpg.PostgresError):
            what = f"failed{_line(error, text)} and left nothing; mend it, then migrate again: it goes on from there"
        else:
            raise
        raise Misconfigured(f"migration {name!r} of {service!r} {what} ({error})", migration=name) from error


async def _apply_once(owner: Connection, service: str, name: str, text: str) -> None:
    async with owner.transaction():
        await owner.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        await owner.execute(text.replace("{service}", service))
        await owner.execute("RESET ROLE")
        await owner.execute(ADD_MIGRATION, name, _sha256(text))


def _line(error: asyncpg.PostgresError, text: str) -> str:
    """Return at which line of a file the database found an error, in words; nothing when it does not say."""
    position = getattr(error, "position", None)
    return "" if position is None else f" at line {text.count(chr(10), 0, int(position)) + 1}"


def _require_whole(service: str, texts: dict[str, str]) -> None:
    """Refuse a file that would end its own transaction: it could not be taken back when it fails half-way."""
    for name, text in texts.items():
        if ended := ENDS_TRANSACTION.search(text):
            raise Misconfigured(
                f"migration {name!r} of {service!r} says {ended[0].strip()!r}: a file is one transaction"
            )


def _require_unchanged(service: str, applied: dict[str, str], texts: dict[str, str]) -> None:
    for name, sha256 in applied.items():
        if name not in texts:
            raise Misconfigured(f"the database of {service!r} has migration {name!r}, which this release does not know")
        if _applied_once(name) and sha256 != _sha256(texts[name]):
            raise Misconfigured(f"migration {name!r} of {service!r} was changed after it was applied")


def _require_forward(service: str, applied: dict[str, str], files: Sequence[Path]) -> None:
    """Refuse a new file before an applied one of its folder: other databases have had them in another order."""
    for _, group in groupby(files, key=lambda file: file.parent):
        new = None
        for file in group:
            if not _applied_once(file.name):
                continue
            if file.name not in applied:
                new = file.name
            elif new:
                raise Misconfigured(f"new migration {new!r} of {service!r} comes before {file.name!r}, applied already")


def _applied_once(name: str) -> bool:
    return name[0].isdigit()


def _require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Misconfigured(f"{name!r} cannot name a service or its database")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    with reaching(dsn), addressing():
        connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
