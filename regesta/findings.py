"""What a doctor finds: how each thing that was measured of a database is judged, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

OLDEST_VERSION = 16
# A source that is so far ahead is not followed (see regesta.bus).
CLOCK_FAILS_SECONDS = 60.0
CLOCK_WARNS_SECONDS = 1.0
COMMIT_SECONDS_MOST = 0.01
MEBIBYTE = 1024 * 1024
FREE_LEAST = 256 * MEBIBYTE
BUFFERS_LEAST = 128 * MEBIBYTE


class Status(StrEnum):
    """What a finding means. unknown: it cannot be seen from here."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Finding(BaseModel):
    """One thing that was looked at. found: what it is; action: what to do, empty when nothing is."""

    name: str
    status: Status
    found: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a setting of PostgreSQL should be, how bad it is when it is not, and what to do then."""

    values: frozenset[str]
    otherwise: Status
    action: str


ON = frozenset({"on"})
DURABLE = "Set it to on and restart PostgreSQL: what was acknowledged can be lost."
SETTINGS = {
    "fsync": Wanted(ON, Status.FAIL, DURABLE),
    "full_page_writes": Wanted(ON, Status.FAIL, DURABLE),
    "synchronous_commit": Wanted(ON | {"remote_apply", "remote_write", "local"}, Status.FAIL, DURABLE),
    "data_checksums": Wanted(
        ON, Status.WARN, "Stop PostgreSQL and run pg_checksums --enable; till then a damaged page is not noticed."
    ),
    "autovacuum": Wanted(ON, Status.WARN, "Set it to on; till then tables grow and plans go by old statistics."),
    "server_encoding": Wanted(
        frozenset({"UTF8"}), Status.FAIL, "Make the database anew with ENCODING 'UTF8', from a backup."
    ),
    "TimeZone": Wanted(
        frozenset({"UTC", "Etc/UTC", "GMT"}),
        Status.WARN,
        "ALTER DATABASE ... SET timezone = 'UTC'; till then who looks into tables reads other hours than answers have.",
    ),
}


def no_database(error: Exception) -> Finding:
    """Return that the database cannot be asked."""
    found = f"{type(error).__name__}: {error}".strip(": ")
    action = "See whether PostgreSQL runs, then the address, the role and its password."
    return Finding(name="database", status=Status.FAIL, found=found, action=action)


def topic(name: str, trouble: str | None) -> Finding:
    """Judge a topic. trouble: why it cannot be used."""
    action = "See the how-to of Kafka; the service goes on by itself when that is mended."
    return _judged(f"topic {name}", trouble or "keeps a log", Status.FAIL if trouble else Status.OK, action)


def version(number: int) -> Finding:
    """Judge the version of PostgreSQL, as 180001."""
    found = f"{number // 10_000}.{number % 10_000}"
    bad = number // 10_000 < OLDEST_VERSION
    return _judged(
        "version", found, Status.FAIL if bad else Status.OK, f"Move to PostgreSQL {OLDEST_VERSION} or later."
    )


def setting(name: str, value: str) -> Finding:
    """Judge one of SETTINGS."""
    wanted = SETTINGS[name]
    return _judged(name, value, Status.OK if value in wanted.values else wanted.otherwise, wanted.action)


def sync_method(value: str, server: str) -> Finding:
    """Judge wal_sync_method. server: what PostgreSQL says that it runs on."""
    apple = "apple" in server or "darwin" in server
    bad = apple and value != "fsync_writethrough"
    action = "Set it to fsync_writethrough: on macOS the others leave what was acknowledged in the disk's own cache."
    return _judged("wal_sync_method", value, Status.WARN if bad else Status.OK, action)


def buffers(size: int) -> Finding:
    """Judge shared_buffers, in bytes."""
    bad = size < BUFFERS_LEAST
    action = "Set it to a quarter of the memory, and 128 MiB at least."
    return _judged("shared_buffers", mebibytes(size), Status.WARN if bad else Status.OK, action)


def connections(limit: int, needed: int, others: int) -> Finding:
    """Judge max_connections. limit: without those that are kept for administrators; others: in use by other roles now."""
    status = Status.FAIL if needed > limit else Status.WARN if needed > limit - others else Status.OK
    found = f"{limit}, of which others use {others}; a process of this service needs {needed}"
    return _judged("max_connections", found, status, "Raise max_connections, or lower REGESTA_POOL_SIZE.")


def collation(name: str, recorded: str | None, actual: str | None) -> Finding:
    """Judge whether the order of text is still that of the database's indexes."""
    found = name if recorded == actual else f"{name}, made with version {recorded}; this system has {actual}"
    action = "REINDEX the database, then ALTER DATABASE ... REFRESH COLLATION VERSION: indexes may miss rows."
    return _judged("collation", found, Status.OK if recorded == actual else Status.WARN, action)


def clocks(ahead_seconds: float) -> Finding:
    """Judge by how much the database's clock is ahead of this machine's; negative when it is behind."""
    apart = abs(ahead_seconds)
    found = f"{apart:.3f} s {'behind' if ahead_seconds < 0 else 'ahead of'} the clock of this machine"
    return _judged("database's clock", found, _late(apart), "Let both machines follow one time server (NTP).")


def newest_event(event: str, ahead_seconds: float) -> Finding:
    """Judge by how much the newest event is later than the database's clock; negative when it is earlier, as it should be."""
    seconds = abs(ahead_seconds)
    found = (
        f"{event}, {seconds:.0f} s ago"
        if ahead_seconds <= 0
        else f"{event}, {seconds:.0f} s after the database's clock"
    )
    action = (
        "The clock was set back, or was ahead when that was recorded: set it right. Until it has passed that event, new ones "
        "get its time, so nothing is out of order; times in a log are never changed."
    )
    return _judged("newest event", found, _late(ahead_seconds), action)


def disk(free: int | None, size: int, wal: int) -> Finding:
    """Judge the space for the database's files, in bytes. size: of the database; wal: max_wal_size."""
    if free is None:
        found, action = (
            f"the database takes {mebibytes(size)}",
            "Free space cannot be seen from here: df -h on its server.",
        )
        return Finding(name="disk", status=Status.UNKNOWN, found=found, action=action)
    status = Status.FAIL if free < FREE_LEAST else Status.WARN if free < size + wal else Status.OK
    found = f"{mebibytes(free)} free; the database takes {mebibytes(size)}"
    action = f"Give it more: a rebuild takes as much again, and PostgreSQL's own log up to {mebibytes(wal)}."
    return _judged("disk", found, status, action)


def commits(seconds: float) -> Finding:
    """Judge how long a durable commit takes (median)."""
    slow = seconds > COMMIT_SECONDS_MOST
    action = "Each batch of appends waits so long: look at the disk, its cache, and who else uses it."
    return _judged("durable commit", f"{seconds * 1000:.2f} ms", Status.WARN if slow else Status.OK, action)


def rights(excess: Sequence[str]) -> Finding:
    """Judge what the service's roles may do that they should not."""
    action = "Take that away, so that nobody can write around the log: see `create_service` in regesta/database.py."
    return _judged("roles", "; ".join(excess) or "may do what they need", Status.FAIL if excess else Status.OK, action)


def migrations(applied: int, pending: Sequence[str]) -> Finding:
    """Judge whether the database is that of this release."""
    found = f"{applied} applied" if not pending else f"missing: {', '.join(pending)}"
    return _judged("migrations", found, Status.FAIL if pending else Status.OK, "Run `migrate` of the service.")


def other_release(why: str) -> Finding:
    """Return that the database was migrated by another release."""
    return Finding(name="migrations", status=Status.FAIL, found=why, action="Run the release that the database is of.")


def mebibytes(size: int) -> str:
    """Return a size for people."""
    return f"{size / MEBIBYTE:,.0f} MiB"


def _late(seconds: float) -> Status:
    if seconds >= CLOCK_FAILS_SECONDS:
        return Status.FAIL
    return Status.WARN if seconds >= CLOCK_WARNS_SECONDS else Status.OK


def _judged(name: str, found: str, status: Status, action: str) -> Finding:
    return Finding(name=name, status=status, found=found, action="" if status is Status.OK else action)
