"""The time machine in its short form: the same run as `make timemachine`."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.conftest import FreshDatabase
from tests.timemachine.questions import routes_of
from tests.timemachine.rows import ADDED_UP
from tests.timemachine.run import Length, run
from tests.timemachine.system import SERVICES

SHORT = Length(events=2_000, cuts=20, draws=1)


async def test_what_is_read_as_of_a_cut_is_what_a_system_rebuilt_to_it_reads(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    seed = secrets.token_hex(4)
    report = await run(fresh_database, tmp_path, seed, SHORT, lambda _what, _done, _total: None)
    assert report.differences == [], (seed, report.differing)
    # It was a test at all: all was compared, and there was something to compare.
    assert report.cuts == SHORT.cuts
    assert report.withdrawals > 0
    assert set(report.rows) == {
        f"{s.name} {table}"
        for s in SERVICES
        for p in s.projections
        for table in p.tables
        if f"{p.schema}.{table}" not in ADDED_UP
    }
    assert {table: rows for table, rows in report.rows.items() if not rows} == {}
    found = {where for where, answers in report.answers.items() if answers[200]}
    assert {f"{s.name} {route.path}" for s in SERVICES for route in routes_of(s)} - {
        where.removesuffix(" (page)") for where in found
    } == set()
