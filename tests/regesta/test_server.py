"""A process that must not start says why in one line, and shows no password; by real processes. What may wait: test_starting."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.embedded import Embedded
from regesta.database import create_service
from regesta.outage import place_of
from tests.conftest import FreshDatabase
from tests.regesta.serving import ISSUER, Issuer

PASSWORD = "hunter2"


async def run(environment: dict[str, str], *command: str) -> tuple[int | None, list[str]]:
    """Run a Python module with only this of REGESTA_*; return its exit code and what it said, line by line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGESTA_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, env=kept | {"COLUMNS": "1000"} | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode().splitlines()


def refusals(lines: list[str]) -> list[str]:
    """Return the messages of all lines that are worth a look, of which uvicorn's own says nothing."""
    told = [json.loads(line) for line in lines]
    assert not [line for line in told if "exception" in line], lines
    grave = [line["message"] for line in told if line["level"] in {"error", "critical"}]
    return [message for message in grave if message != "Application startup failed. Exiting."]


@pytest.mark.parametrize("role", ["all", "worker", "migrate"])
async def test_every_setting_that_is_missing_is_named(role: str) -> None:
    code, lines = await run({}, "tests.faults.service", role)
    assert (code, len(lines)) == (2, 1)
    (said,) = refusals(lines)
    assert [name for name in ("DATABASE_URL", "ISSUER", "JWKS") if f"REGESTA_{name}: " in said] == [
        "DATABASE_URL",
        "ISSUER",
        "JWKS",
    ]


@pytest.mark.parametrize(
    ("role", "wrong"),
    [
        *((role, wrong) for role in ("migrate", "rebuild") for wrong in ("password", "name", "host", "address")),
        *((role, "address") for role in ("all", "worker")),
    ],
)
async def test_a_database_that_cannot_be_used_is_said_in_a_line(
    fresh_database: FreshDatabase, issuer: Issuer, role: str, wrong: str
) -> None:
    database = await fresh_database("jars")
    parts = urlsplit(database.owner_dsn if role == "migrate" else database.dsn)
    login = f"{parts.username}:{PASSWORD}"
    address, reason = {
        "password": (parts._replace(netloc=f"{login}@").geturl(), "password authentication failed"),
        "name": (parts._replace(path="/nothing").geturl(), "does not exist"),
        "host": (f"postgresql://{login}@127.0.0.1:1/jars", "127.0.0.1:1/jars' cannot be used"),
        "address": (f"jars:{PASSWORD}@nowhere", "has no address such as"),
    }[wrong]
    environment = {
        "REGESTA_DATABASE_URL": address,
        "REGESTA_OWNER_URL": address,
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": str(issuer.jwks),
        "REGESTA_PORT": "0",
    }
    code, lines = await run(environment, "tests.faults.service", role)
    assert code == 2, lines
    (said,) = refusals(lines)
    assert reason in said
    assert PASSWORD not in "".join(lines)
    assert str(parts.password) not in "".join(lines)


async def test_to_install_needs_an_administrator() -> None:
    environment = {
        "REGESTA_DATABASE_URL": "postgresql://jars:p@db/jars",
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": "none",
    }
    code, lines = await run(environment, "tests.faults.service", "install")
    assert code == 2, lines
    assert refusals(lines) == [
        "REGESTA_ADMIN_URL must name a role that may make roles, and REGESTA_OWNER_URL that which migrates"
    ]


async def test_a_database_that_was_not_migrated_is_said_in_a_line(postgres: Embedded) -> None:
    await create_service(postgres.admin_dsn, "bare", postgres.passwords("bare"))
    environment = {
        "REGESTA_DATABASE_URL": postgres.dsn("bare"),
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": "none",
    }
    code, lines = await run(environment, "tests.faults.service", "rebuild")
    assert code == 2, lines
    (said,) = refusals(lines)
    assert "does not exist; was it migrated?" in said


async def test_a_token_that_cannot_be_read_is_said_in_a_line(
    fresh_database: FreshDatabase, issuer: Issuer, tmp_path: Path
) -> None:
    environment = {
        "REGESTA_DATABASE_URL": (await fresh_database("jars")).dsn,
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": str(issuer.jwks),
        "REGESTA_TOKEN_FILE": str(tmp_path / "none"),
        "REGESTA_PORT": "0",
    }
    code, lines = await run(environment, "tests.faults.service", "all")
    assert code == 2, lines
    assert refusals(lines) == [
        f"REGESTA_TOKEN_FILE cannot be read: [Errno 2] No such file or directory: '{tmp_path}/none'"
    ]


@pytest.mark.parametrize("role", ["all", "worker"])
@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: [Errno 2]"), (b"\xff", "cannot be read"), (b"host\n", "no JSON Web Key Set")],
)
async def test_keys_that_are_none_are_said_in_a_line(
    fresh_database: FreshDatabase, tmp_path: Path, role: str, content: bytes | None, said: str
) -> None:
    keys = tmp_path / "keys"
    if content is not None:
        keys.write_bytes(content)
    environment = {
        "REGESTA_DATABASE_URL": (await fresh_database("jars")).dsn,
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": str(keys),
        "REGESTA_PORT": "0",
    }
    code, lines = await run(environment, "tests.faults.service", role)
    assert code == 2, lines
    (told,) = refusals(lines)
    assert told.startswith("REGESTA_JWKS")
    assert str(keys) in told or content == b"\xff"
    assert said in told


async def test_an_address_that_nobody_can_listen_on_is_said_in_a_line(
    fresh_database: FreshDatabase, issuer: Issuer
) -> None:
    environment = {
        "REGESTA_DATABASE_URL": (await fresh_database("jars")).dsn,
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": str(issuer.jwks),
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host in ("127.0.0.1", "256.1.1.1", "a..b"):
            told = environment | {"REGESTA_HOST": host, "REGESTA_PORT": str(port)}
            code, lines = await run(told, "tests.faults.service", "all")
            assert code == 2, lines
            (said,) = refusals(lines)
            assert said.startswith(f"REGESTA_HOST and REGESTA_PORT, {host!r} and {port}: cannot listen there: ")


async def test_the_command_that_serves_says_it_too() -> None:
    dsn = f"postgresql://budget:{PASSWORD}@127.0.0.1:1/budget"
    environment = {"REGESTA_DATABASE_URL": dsn, "REGESTA_ISSUER": ISSUER, "REGESTA_JWKS": "none", "REGESTA_PORT": "0"}
    code, lines = await run(environment, "cli", "serve", "budget")
    assert code == 2, lines
    assert "REGESTA_SERVICE_TOKEN must be" in lines[-1]
    assert "Traceback" not in "".join(lines)
    assert PASSWORD not in "".join(lines)


@pytest.mark.parametrize(
    ("dsn", "place"),
    [
        ("postgresql://jars:hunter2@db:5432/jars", "jars@db:5432/jars"),
        ("postgresql://jars@db/jars", "jars@db/jars"),
        ("postgresql://jars:hunter2@/jars?host=%2Frun%2Fpg&port=5432", "jars@/run/pg/jars"),
        ("postgresql://jars:hun@ter2@db/jars", "jars@db/jars"),
        ("postgresql://jars:hunt/er2@db/jars", ""),
        ("postgresql://jars:hunt#er2@db/jars", ""),
        ("postgresql://jars:hunt?er2@db/jars", ""),
    ],
)
def test_a_place_never_shows_a_password(dsn: str, place: str) -> None:
    assert place_of(dsn) == place
