"""The published OpenAPI documents are those that the services answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.openapi import PUBLISHED, generated, main


def test_the_committed_documents_are_those_of_the_code() -> None:
    committed = {path.name: path.read_text("utf-8") for path in PUBLISHED.glob("*.openapi.json")}
    found = generated()
    assert set(committed) == set(found)
    assert not [name for name in found if committed[name] != found[name]], "run make docs"


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    script = f"from pathlib import Path; from cli.openapi import main; main(Path({str(tmp_path)!r}))"
    # Sets are ordered by the hash of their members: another seed, another order.
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": "1"}, check=True, timeout=120)
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == generated()


def test_only_what_changed_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == 4
    (tmp_path / "kpi.openapi.json").write_text("{}")
    assert main(tmp_path) == 1
    assert main(tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 of 4 OpenAPI documents written"
