"""Each thing that a doctor measures is judged, and what is not well says what to do."""

from __future__ import annotations

import pytest

from regesta import findings
from regesta.findings import MEBIBYTE, SETTINGS, Finding, Status

OK, WARN, FAIL, UNKNOWN = Status.OK, Status.WARN, Status.FAIL, Status.UNKNOWN
MACOS, LINUX = "PostgreSQL 18.4 on aarch64-apple-darwin24.6.0", "PostgreSQL 18.4 on x86_64-pc-linux-gnu"
GIBIBYTE = 1024 * MEBIBYTE


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        (findings.version(150_010), FAIL, "15.10"),
        (findings.version(160_000), OK, "16.0"),
        (findings.setting("fsync", "off"), FAIL, "off"),
        (findings.setting("fsync", "on"), OK, "on"),
        (findings.setting("full_page_writes", "off"), FAIL, "off"),
        (findings.setting("synchronous_commit", "off"), FAIL, "off"),
        (findings.setting("synchronous_commit", "local"), OK, "local"),
        (findings.setting("data_checksums", "off"), WARN, "off"),
        (findings.setting("autovacuum", "off"), WARN, "off"),
        (findings.setting("server_encoding", "SQL_ASCII"), FAIL, "SQL_ASCII"),
        (findings.setting("TimeZone", "Europe/Brussels"), WARN, "Europe/Brussels"),
        (findings.setting("TimeZone", "Etc/UTC"), OK, "Etc/UTC"),
        (findings.sync_method("open_datasync", MACOS), WARN, "open_datasync"),
        (findings.sync_method("fsync_writethrough", MACOS), OK, "fsync_writethrough"),
        (findings.sync_method("fdatasync", LINUX), OK, "fdatasync"),
        (findings.buffers(128 * MEBIBYTE - 1), WARN, "128 MiB"),
        (findings.buffers(128 * MEBIBYTE), OK, "128 MiB"),
        (findings.connections(9, 10, 0), FAIL, "9, of which others use 0; a process of this service needs 10"),
        (findings.connections(97, 10, 88), WARN, "97, of which others use 88; a process of this service needs 10"),
        (findings.connections(97, 10, 87), OK, "97, of which others use 87; a process of this service needs 10"),
        (findings.collation("C", None, None), OK, "C"),
        (findings.collation("fr_BE", "2.36", "2.36"), OK, "fr_BE"),
        (findings.collation("fr_BE", "2.31", "2.36"), WARN, "fr_BE, made with version 2.31; this system has 2.36"),
        (findings.clocks(0.9994), OK, "0.999 s ahead of the clock of this machine"),
        (findings.clocks(-1), WARN, "1.000 s behind the clock of this machine"),
        (findings.clocks(-60), FAIL, "60.000 s behind the clock of this machine"),
        (findings.newest_event("kpi:3", -7200), OK, "kpi:3, 7200 s ago"),
        (findings.newest_event("kpi:3", 30), WARN, "kpi:3, 30 s after the database's clock"),
        (findings.newest_event("kpi:3", 3600), FAIL, "kpi:3, 3600 s after the database's clock"),
        (findings.disk(None, MEBIBYTE, GIBIBYTE), UNKNOWN, "the database takes 1 MiB"),
        (findings.disk(256 * MEBIBYTE - 1, 0, 0), FAIL, "256 MiB free; the database takes 0 MiB"),
        (findings.disk(2 * GIBIBYTE - 1, GIBIBYTE, GIBIBYTE), WARN, "2,048 MiB free; the database takes 1,024 MiB"),
        (findings.disk(2 * GIBIBYTE, GIBIBYTE, GIBIBYTE), OK, "2,048 MiB free; the database takes 1,024 MiB"),
        (findings.commits(0.0101), WARN, "10.10 ms"),
        (findings.commits(0.01), OK, "10.00 ms"),
        (findings.rights([]), OK, "may do what they need"),
        (findings.rights(["a may x", "a may y"]), FAIL, "a may x; a may y"),
        (findings.migrations(8, []), OK, "8 applied"),
        (findings.migrations(8, ["0005_more.sql"]), FAIL, "missing: 0005_more.sql"),
        (findings.other_release("it is newer"), FAIL, "it is newer"),
        (findings.no_database(TimeoutError()), FAIL, "TimeoutError"),
    ],
)
def test_what_was_measured_is_judged(found: Finding, status: Status, said: str) -> None:
    assert (found.status, found.found) == (status, said)
    assert bool(found.action) == (status is not OK)


def test_what_may_lose_acknowledged_events_is_among_the_settings() -> None:
    assert {"fsync", "full_page_writes", "synchronous_commit"} <= SETTINGS.keys()
