"""A name that others rely on never goes and keeps what it promises; names and promises may come."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest

from cli import names
from cli.installation import services
from cli.names import PUBLISHED, generated, main, refused, text
from contracts.commitments import AmountCommitted
from regesta.command import Aggregate
from regesta.errors import Busy, Misconfigured, StaleVersion
from regesta.reasons import Cause, Level
from regesta.runtime import Service
from regesta.settings import Settings
from regesta.signals import APPEND, FEED, LOG_HEAD, METRICS, SPANS, Kind, Metric, Span
from services.budget.app import SERVICE as BUDGET
from services.budget.domain.commitment import Commitment
from services.budget.domain.errors import ExceedsCredits, UnknownCommitment
from services.budget.domain.payment import Liquidate
from services.objectives.app import SERVICE as OBJECTIVES
from services.objectives.domain.errors import UnknownNote as ObjectivesUnknownNote
from tests.regesta.jars import Jar
from tests.regesta.later import JarFilled

Plant = Callable[[pytest.MonkeyPatch], None]


def test_the_committed_file_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text("utf-8") == text(generated()), "run make docs"


def fill_only(jar: Jar, event: JarFilled) -> None:
    """A fold of one type of event, which replaces two others."""
    jar.amount += event.coins


def test_streams_hold_what_their_fold_is_typed_with() -> None:
    held = generated()["streams"]
    assert held["budget/assignment"] == {
        "types": ["allocation-printed.v1", "fact-withdrawn.v1", "line-assigned.v1", "line-unassigned.v1"]
    }
    assert [held[f"{each.name}/calendar"] for each in services()] == [{"types": ["day-started.v1"]}] * 4
    types = ["jar-filled.v1", "jar-filled.v2", "jar-filled.v3"]
    assert names.streams([Aggregate(Jar, fill_only)]) == {"jar": {"types": types}}


def test_problems_of_the_kernel_are_answered_by_every_service() -> None:
    found = generated()["problems"]
    assert found["busy"] == {"status": 503, "services": ["budget", "kpi", "objectives", "reporting"]}
    assert found["unknown-note"] == {"status": 404, "services": ["objectives", "reporting"]}
    assert "file-refused" not in found


def other(promise: int | str | list[str]) -> int | str | list[str]:
    """Return what a promise may not become."""
    match promise:
        case int():
            return promise + 1
        case str():
            return f"{promise}-anew"
        case _:
            return [*promise[1:], "anew"]


def test_no_name_goes_and_no_promise_changes() -> None:
    before = generated()
    tried = 0
    for kind, named in before.items():
        for name, promises in named.items():
            after = deepcopy(before)
            after[kind][f"{name}-anew"] = after[kind].pop(name)
            assert [each.reason for each in refused(before, after)] == ["is gone"], name
            for member, promise in promises.items():
                after = deepcopy(before)
                after[kind][name][member] = other(promise)
                # A span without attributes has none to lose.
                assert len(list(refused(before, after))) == (promise != []), (kind, name, member)
                tried += 1
    assert tried > 400
    assert len(list(refused(before, {}))) == sum(map(len, before.values()))


def test_names_and_promises_may_come() -> None:
    before = generated()
    after = deepcopy(before)
    after["anew"] = {"anew": {}}
    for kind in before:
        after[kind]["anew"] = {"status": 500}
        for promises in after[kind].values():
            promises |= {member: [*value, "anew"] for member, value in promises.items() if isinstance(value, list)}
            promises["anew"] = "anew"
    assert list(refused(before, after)) == []


def of(owner: object, member: str, value: object) -> Plant:
    return lambda patch: patch.setattr(owner, member, value)


def instead(kind: str, old: Metric | Span, new: Metric | Span) -> Plant:
    declared = METRICS if kind == "METRICS" else SPANS
    return of(names, kind, [new if each == old else each for each in declared])


def serving(changed: Service) -> Plant:
    return of(names, "services", lambda: [changed if each.name == changed.name else each for each in services()])


def opened_only(commitment: Commitment, event: AmountCommitted) -> None:
    """A fold that leaves out what else was recorded."""
    del commitment, event


DEGRADED: Final = replace(Cause.LAG.value, level=Level.DEGRADED)
FEWER: Final = {name: field for name, field in Settings.model_fields.items() if name != "sources"}
BREAKING: Final[dict[str, tuple[Plant, str]]] = {
    "problem renamed": (of(UnknownCommitment, "code", "no-commitment"), "problems/unknown-commitment: is gone"),
    "problem of all renamed": (of(Busy, "code", "too-busy"), "problems/busy: is gone"),
    "problem of one service renamed": (
        of(ObjectivesUnknownNote, "code", "no-note"),
        "problems/unknown-note/services: 'objectives' is gone",
    ),
    "rule renamed": (of(ExceedsCredits, "code", "over-credits"), "problems/exceeds-credits: is gone"),
    "status of a problem": (of(StaleVersion, "status", 409), "problems/stale-version/status: was 412, is 409"),
    "problem of the command": (
        of(Misconfigured, "code", "wrong-settings"),
        "problems-of-the-command/misconfigured: is gone",
    ),
    "cause renamed": (of(Cause.LAG, "_name_", "LATE"), "causes/lag: is gone"),
    "level of a cause": (of(Cause.LAG, "_value_", DEGRADED), "causes/lag/level: was 'not ready', is 'degraded'"),
    "metric renamed": (
        instead("METRICS", LOG_HEAD, replace(LOG_HEAD, name="regesta.log.end")),
        "metrics/regesta.log.head: is gone",
    ),
    "unit of a metric": (
        instead("METRICS", LOG_HEAD, replace(LOG_HEAD, unit="By")),
        "metrics/regesta.log.head/unit: was '{event}', is 'By'",
    ),
    "kind of a metric": (
        instead("METRICS", LOG_HEAD, replace(LOG_HEAD, kind=Kind.COUNTER)),
        "metrics/regesta.log.head/kind: was 'gauge', is 'counter'",
    ),
    "attribute of a metric": (
        instead("METRICS", LOG_HEAD, replace(LOG_HEAD, attributes=("regesta.service",))),
        "metrics/regesta.log.head/attributes: 'regesta.source' is gone",
    ),
    "span renamed": (instead("SPANS", APPEND, replace(APPEND, name="write")), "spans/append: is gone"),
    "attribute of a span": (
        instead("SPANS", FEED, replace(FEED, attributes=FEED.attributes[1:])),
        "spans/feed/attributes: 'regesta.source' is gone",
    ),
    "prefix of streams": (of(Commitment, "prefix", "obligation"), "streams/budget~1commitment: is gone"),
    "event of streams": (
        serving(replace(BUDGET, aggregates=(*BUDGET.aggregates, Aggregate(Commitment, opened_only)))),
        "streams/budget~1commitment/types: 'amount-decommitted.v1' is gone",
    ),
    "prefix of import keys": (of(names, "IMPORT", "imports:"), "prefixes/import:: is gone"),
    "prefix of problem types": (
        of(names, "TYPE_BASE", "urn:problem:"),
        "prefixes/https:~1~1regesta.example~1problems~1: is gone",
    ),
    "command renamed": (of(Liquidate, "name", "pay"), "commands/budget~1liquidate: is gone"),
    "scope of a command": (
        of(Liquidate, "scope", "budget:pay"),
        "commands/budget~1liquidate/scope: was 'budget:write', is 'budget:pay'",
    ),
    "reaction gone": (serving(replace(OBJECTIVES, reactions=())), "reactions/objectives~1first-advance: is gone"),
    "source of a reaction": (
        serving(replace(OBJECTIVES, reactions=OBJECTIVES.reactions[1:])),
        "reactions/objectives~1first-advance/sources: 'budget' is gone",
    ),
    "setting": (of(names, "Settings", SimpleNamespace(model_fields=FEWER)), "settings/REGESTA_SOURCES: is gone"),
}


@pytest.mark.parametrize("edit", BREAKING)
def test_a_breaking_edit_of_the_code_is_refused(
    edit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, reason = BREAKING[edit]
    file = tmp_path / "names.json"
    file.write_bytes(PUBLISHED.read_bytes())
    plant(monkeypatch)
    assert main(file) == 1
    said = capsys.readouterr().err
    assert f"names.json#/{reason}\n" in said
    assert said.endswith(names.INSTEAD)
    assert file.read_bytes() == PUBLISHED.read_bytes()


def test_a_name_beside_the_others_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "names.json"
    assert main(file) == 0
    assert file.read_bytes() == PUBLISHED.read_bytes()
    monkeypatch.setattr(names, "METRICS", [*METRICS, replace(LOG_HEAD, name="regesta.log.end")])
    assert main(file) == 0
    assert names.FILE.validate_json(file.read_bytes()) == generated()
    assert '    "regesta.log.end": {"attributes": ["regesta.service", "regesta.source"]' in file.read_text()
