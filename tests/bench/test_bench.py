"""Every case runs small and gives figures; how fast is no business of a test."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench.__main__ import Run
from tests.bench.broker import one_node
from tests.bench.cases import CASES, Case
from tests.bench.ground import Ground
from tests.bench.rows import Figures, NotInstalled, Row, Sample, at_least, at_most
from tests.bench.table import show
from tests.bench.trials import Trials
from tests.conftest import Templates

KEYS = {
    "name", "value", "unit", "beside", "beside_value", "ratio", "bar", "bar_is", "met", "median", "spread", "repeats",
    "beside_spread", "beside_repeats", "starting_rows", "error", "fsync_us", "load",
}  # fmt: skip


@pytest.fixture
def ground(short_folder: Path, templates: Templates, request: pytest.FixtureRequest) -> Ground:
    """Return the small ground of one case."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=short_folder))
    folder.chmod(0o755)
    return Ground(
        folder, templates, lambda _what: None, lambda: request.getfixturevalue("kafka"), repeats=1, short=True
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_case_gives_a_figure_for_each_row(case: Case, ground: Ground) -> None:
    rows = [row async for row in case.rows(ground)]
    assert rows
    for row in rows:
        assert not row.failed, row.error
        if row.error is None:
            assert row.value.median is not None
            assert row.value.median >= 0
            assert (row.ratio is None) == (not row.beside)
            assert (row.met is None) == (row.bar is None)


def test_the_command_writes_every_key_and_shows_a_table(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--short", "--only", "hot", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(out.read_text())
    assert document["rows"]
    assert {key for row in document["rows"] for key in row} == KEYS
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_command_names_the_cases_when_none_is_meant() -> None:
    command = [sys.executable, "-m", "tests.bench", "--only", "nothing"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "append-empty" in done.stderr


def test_a_bar_is_on_the_ratio_or_on_the_figure_itself() -> None:
    row = Row("rate", Sample((10.0, 12.0, 11.0)), "events/s", "other", Sample((22.0,)), at_least(0.5))
    assert (row.ratio, row.met) == (0.5, True)
    assert Row("time", Sample((11.0,)), "ms", "other", Sample((10.0,)), at_most(1.0)).met is False
    assert Row("memory", Sample((240.0,)), "MB", bar=at_most(250, "value")).met is True
    assert row.record()["spread"] == pytest.approx(2 / 11)


async def test_a_measure_that_fails_leaves_the_others_and_says_why() -> None:
    async def good() -> Figures:
        return {"rate": 1.0}

    async def bad() -> Figures:
        raise ValueError("no")

    async def absent() -> Figures:
        raise NotInstalled("umadb is not installed here")

    trials = Trials({"good": good, "bad": bad, "absent": absent})
    await trials.round()
    rate = trials.of("good", "rate")
    failed = Row("one", rate, "events/s", "bad", trials.of("bad", "rate"), at_least(2))
    missing = Row("two", rate, "events/s", "umadb", trials.of("absent", "rate"), at_least(2))
    assert (failed.failed, failed.met, failed.error) == (True, None, "bad: ValueError: no")
    assert (missing.failed, missing.met) == (False, None)
    shown = io.StringIO()
    show([failed, missing], Console(file=shown, width=80))
    text = shown.getvalue()
    assert "FAILED" in text
    assert "missing" in text
    assert "umadb is not installed" in text


async def test_without_a_broker_the_row_says_what_is_missing(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with ExitStack() as stack:
        run = Run(replace(ground, kafka=one_node(stack, tmp_path / "kafka")), Console(quiet=True))
        await run.take([case for case in CASES if case.name.startswith("kafka")])
    assert {(row.failed, row.error) for row in run.rows} == {
        (False, "NotInstalled: no Apache Kafka: java and mvn not found; JDK 17 and Maven are needed")
    }
    assert [row.name for row in run.rows] == ["kafka-relay", "kafka-replica", "kafka-catch-up", "kafka-put-to-letter"]


async def _rows(_ground: Ground) -> AsyncIterator[Row]:
    yield Row("before", Sample((1.0,)), "")
    raise ValueError("half-way")


async def test_a_case_that_fails_keeps_the_rows_before_and_does_not_stop_the_run(ground: Ground) -> None:
    run = Run(ground, Console(quiet=True))
    await run.take([Case("failing", _rows), Case("failing too", _rows)])
    assert [(row.name, row.failed) for row in run.rows] == [
        ("before", False), ("failing", True), ("before", False), ("failing too", True),
    ]  # fmt: skip
