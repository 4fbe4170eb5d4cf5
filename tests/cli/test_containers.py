"""What `make up` makes of secrets, and what docker-compose.yml does with them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import KeySet

from cli.containers import RENEWED_SECONDS, prepare, wait
from cli.tokens import SERVICES, Issuer
from regesta.errors import Misconfigured

COMPOSE: Final = Path("docker-compose.yml")
VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    env, folder = tmp_path / ".env", tmp_path / "containers"
    prepare(env, folder)
    return env, folder


def variables(env: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in env.read_text().splitlines() if not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def compose() -> dict[str, Any]:
    document = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(document, dict)
    return document


def test_a_secret_is_for_its_owner_only_and_the_public_key_for_all(made: tuple[Path, Path]) -> None:
    env, folder = made
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (env, folder / "keys", folder / "keys" / "key.json")}
    assert modes == {env: 0o600, folder / "keys": 0o700, folder / "keys" / "key.json": 0o600}
    assert stat.S_IMODE((folder / "jwks.json").stat().st_mode) == 0o644
    assert "d" not in json.loads((folder / "jwks.json").read_text())["keys"][0]


def test_passwords_differ_and_need_no_quotes(made: tuple[Path, Path]) -> None:
    passwords = [value for name, value in variables(made[0]).items() if name.endswith("_PASSWORD")]
    assert len(passwords) == len(set(passwords)) == 2 + 2 * len(SERVICES)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", each) for each in passwords)


def test_everything_that_the_compose_file_asks_for_is_made(made: tuple[Path, Path]) -> None:
    assert set(VARIABLE.findall(COMPOSE.read_text())) - {"SERVICE"} <= set(variables(made[0]))


def test_a_second_time_changes_nothing(made: tuple[Path, Path]) -> None:
    before = made[0].read_text()
    prepare(*made)
    assert made[0].read_text() == before


def test_what_somebody_wrote_stays(made: tuple[Path, Path]) -> None:
    env, folder = made
    told = re.sub(r"(?m)^REGESTA_PORT=.*$", "REGESTA_PORT=9000", env.read_text())
    env.write_text(re.sub(r"(?m)^KPI_PASSWORD=.*\n", "", told) + "MINE=1\n")
    prepare(env, folder)
    now = variables(env)
    assert (now["REGESTA_PORT"], now["MINE"], len(now["KPI_PASSWORD"])) == ("9000", "1", 32)


def test_a_services_token_reads_feeds_and_is_renewed_before_it_expires(made: tuple[Path, Path]) -> None:
    env, folder = made
    keys = KeySet.import_key_set(json.loads((folder / "jwks.json").read_text()))
    fresh = variables(env)["KPI_TOKEN"]
    claims = jwt.decode(fresh, keys).claims
    assert (claims["sub"], claims["scope"]) == ("service:kpi", "events:read")
    old = Issuer(folder / "keys").token("service:kpi", ["events:read"], hours=RENEWED_SECONDS / 3600 - 1)
    env.write_text(env.read_text().replace(fresh, old))
    prepare(env, folder)
    assert variables(env)["KPI_TOKEN"] not in {old, fresh}


def test_tokens_of_another_issuer_are_left_alone(made: tuple[Path, Path]) -> None:
    env, folder = made
    env.write_text("REGESTA_ISSUER=https://login.example.be\nKPI_TOKEN=theirs\n")
    prepare(env, folder)
    now = variables(env)
    assert now["KPI_TOKEN"] == "theirs"
    assert "BUDGET_TOKEN" not in now


def test_nothing_is_published_but_on_this_machine() -> None:
    ports = [port for each in compose()["services"].values() for port in each.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_no_secret_of_another_role(service: str) -> None:
    asked = set(VARIABLE.findall(json.dumps(compose()["services"][service]["environment"])))
    own = {f"{service.upper()}_PASSWORD", f"{service.upper()}_TOKEN"}
    assert {name for name in asked if name.endswith(("_PASSWORD", "_TOKEN"))} == own


def test_who_does_not_get_ready_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.containers.START_SECONDS", 0.1)
    with pytest.raises(Misconfigured, match="objectives is not ready"):
        wait("http://127.0.0.1:9")
