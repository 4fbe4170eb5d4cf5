"""A read model that folds other types of events has another version: else facts would silently be missing in its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.read_models import PUBLISHED, folds_of, generated, main, refused, text
from tests.regesta import jars, later


def test_the_committed_file_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text("utf-8") == text(generated()), "run make docs"
    assert {service: len(models) > 2 for service, models in generated().items()} == dict.fromkeys(
        ("objectives", "kpi", "budget", "reporting"), True
    )


def test_other_types_need_another_version() -> None:
    old = {"jars": folds_of([jars.PROJECTION])}
    same_version = replace(jars.PROJECTION, events=later.MOVES)
    (reason,) = refused(old, {"jars": folds_of([same_version])})
    assert reason == (
        "jars/levels: version 1 folded other types (jar-filled.v2, jar-filled.v3); "
        "give it version 2 and a migration with its tables; see docs/howto/evolve.md"
    )
    fewer = replace(jars.PROJECTION, events=jars.MOVES[1:])
    assert [each.partition(";")[0] for each in refused(old, {"jars": folds_of([fewer])})] == [
        "jars/levels: version 1 folded other types (jar-filled.v1)"
    ]
    (back,) = refused(
        {"jars": folds_of([later.PROJECTION])}, {"jars": folds_of([replace(later.PROJECTION, version=1)])}
    )
    assert back.startswith("jars/levels: version 1 folded other types (a later version)")


def test_another_version_the_same_types_and_a_read_model_that_goes_are_no_matter() -> None:
    old = {"jars": folds_of([jars.PROJECTION])}
    turned = replace(jars.PROJECTION, events=jars.MOVES[::-1])
    for after in ([later.PROJECTION], [turned], []):
        assert list(refused(old, {"jars": folds_of(after)})) == []


def test_nothing_is_written_over_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "read_models.json"
    assert main(file) == 0
    assert file.read_text() == PUBLISHED.read_text()
    spoilt = file.read_text().replace('"payment-liquidated.v1"', '"payment-settled.v1"')
    file.write_text(spoilt)
    assert main(file) == 1
    assert "budget/payments: version 1 folded other types (payment-liquidated.v1, payment-settled.v1)" in (
        capsys.readouterr().err
    )
    assert file.read_text() == spoilt
