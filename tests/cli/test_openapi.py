"""The published OpenAPI documents are those that the services answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.installation import services
from cli.openapi import INSTEAD, generated, main, published
from contracts.generate import SCHEMAS, UNPUBLISHED


def test_the_committed_documents_are_those_of_the_code() -> None:
    committed = published()
    found = generated()
    assert set(committed) == set(found)
    assert not [name for name in found if committed[name] != found[name]], "run make docs"


def test_operations_have_the_names_that_a_bulk_calls_commands_by() -> None:
    for service in services():
        paths = json.loads(generated()[f"{service.name}.openapi.json"])["paths"]
        found = {
            (method.upper(), path): operation["operationId"]
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        routed = {(each.method, f"{service.prefix}{each.path}"): each.command.name for each in service.routes}
        assert routed.items() <= found.items()
        assert len({*found.values()}) == len(found)
        assert {*routed.values()} <= service.commands().keys()


def test_each_schema_has_a_name_of_its_own() -> None:
    """FastAPI puts the module before the name of a class when two have the same."""
    found = [
        (name, schema) for name, text in generated().items() for schema in json.loads(text)["components"]["schemas"]
    ]
    packages = ("regesta__", "contracts__", "services__", "cli__")
    assert [each for each in found if each[1].startswith(packages)] == []


def test_a_schema_may_get_another_name(tmp_path: Path) -> None:
    for name, text in published(SCHEMAS).items():
        (tmp_path / name).write_text(text.replace("ReplicaLagOut", "ReplicaOfOldOut"))
    assert main(tmp_path) == 0
    assert published(tmp_path) == generated()


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    script = f"from pathlib import Path; from cli.openapi import main; main(Path({str(tmp_path)!r}))"
    # Sets are ordered by the hash of their members: another seed, another order.
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": "1"}, check=True, timeout=120)
    assert published(tmp_path) == generated()


def test_only_what_changed_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == 0
    (tmp_path / "kpi.openapi.json").write_text("{}")
    assert [main(tmp_path), main(tmp_path)] == [0, 0]
    assert capsys.readouterr().out.splitlines() == [f"{n} of 4 OpenAPI documents written" for n in (4, 1, 0)]
    assert published(tmp_path) == generated()


def test_what_breaks_clients_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published has a route and a member of an answer that the code no longer has; and one of kpi is new."""
    for name, text in published(SCHEMAS).items():
        (tmp_path / name).write_text(text.replace('"/kpi/v1/indicators"', '"/kpi/v1/measures"'))
    budget = tmp_path / "budget.openapi.json"
    budget.write_text(budget.read_text().replace('"committed"', '"engaged"'))
    before = published(tmp_path)
    assert main(tmp_path) == 1
    said = capsys.readouterr().err.splitlines()
    assert "kpi.openapi.json#/paths/~1kpi~1v1~1measures/get: is gone" in said
    assert "budget.openapi.json#/components/schemas/ConventionOut/properties/engaged: is gone" in said
    assert said[-2:] == [f"nothing is written: {INSTEAD}", UNPUBLISHED]
    assert published(tmp_path) == before
