"""`regesta doctor` looks at the databases that the environment names, else at those of the installation."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cli.commands import run as run_command
from tests.conftest import FreshDatabase

EVERYTHING = {
    "REGESTA_ISSUER": "https://issuer.test",
    "REGESTA_JWKS": "/keys/jwks.json",
    "REGESTA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in EVERYTHING.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def examined(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Return the exit code of the command and what it printed."""
    monkeypatch.setattr("sys.argv", ["regesta", "doctor", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_command()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out + printed.err


async def test_the_database_of_the_service_goes_before_that_of_all(
    environment: pytest.MonkeyPatch, fresh_database: FreshDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("REGESTA_KPI_DATABASE_URL", (await fresh_database("kpi")).dsn)
    code, printed = await asyncio.to_thread(examined, capsys, environment, "kpi", "budget", "--json")
    found = json.loads(printed)
    assert (code, [each["name"] for each in found["budget"]]) == (1, ["database"])
    statuses = {each["name"]: each["status"] for each in found["kpi"]}
    assert (statuses["migrations"], statuses["roles"], statuses["disk"]) == ("ok", "ok", "unknown")
    assert "newest event" not in statuses  # there is none


def test_an_installation_that_does_not_run(
    short_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = short_folder / "still"
    place.mkdir()
    (place / "secrets.json").write_text('{"kpi": "word"}')
    code, printed = examined(capsys, monkeypatch, "kpi", "--data-dir", str(place), "--json")
    (finding,) = json.loads(printed)["kpi"]
    assert (code, finding["name"], finding["status"]) == (1, "database", "fail")
    assert "See whether PostgreSQL runs" in finding["action"]
    assert "word" not in finding["found"]
    code, _ = examined(capsys, monkeypatch, "budget", "--data-dir", str(place))
    assert (code, (place / "secrets.json").read_text()) == (2, '{"kpi": "word"}')


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--data-dir", "/nowhere"), "'/nowhere' is no installation"), (("x",), "'x' is no service")],
)
def test_what_names_no_database(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    code, printed = examined(capsys, monkeypatch, *arguments)
    assert (code, said in " ".join(printed.split())) == (2, True)
