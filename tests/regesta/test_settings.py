"""What the environment says is read once, and what it may not say stops the process before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from regesta.errors import Misconfigured
from regesta.settings import Settings, read_settings

NEEDED = {
    "REGESTA_DATABASE_URL": "postgresql://budget:hidden@db/budget",
    "REGESTA_ISSUER": "https://issuer.test",
    "REGESTA_JWKS": "/keys/jwks.json",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_is_read_by_its_names(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REGESTA_SOURCES", '{"objectives": "http://objectives:8000"}')
    environment.setenv("REGESTA_TOKEN_FILE", "/run/token")
    environment.setenv("REGESTA_PORT", "8001")
    read = Settings()
    assert read.database_url.get_secret_value() == NEEDED["REGESTA_DATABASE_URL"]
    assert read.sources == {"objectives": "http://objectives:8000"}
    assert (read.token_file, read.port, read.host) == (Path("/run/token"), 8001, "127.0.0.1")
    assert read.allow_unsafe_database is False


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_needed_is_asked_for(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(ValidationError, match=name.removeprefix("REGESTA_").lower()):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("CARRIER", "pigeon"),
        ("KAFKA_PREFIX", "a b"),
        ("POOL_SIZE", "3"),
        ("SOURCES", '["objectives"]'),
        ("LAG_LIMIT_EVENTS", "many"),
    ],
)
def test_what_cannot_be_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"REGESTA_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_a_password_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REGESTA_OWNER_URL", "postgresql://owner:secret@db/budget")
    environment.setenv("REGESTA_KAFKA_PASSWORD", "covert")
    shown = f"{Settings()!r} {Settings()} {Settings().model_dump()}"
    for one in ("hidden", "secret", "covert"):
        assert one not in shown


def test_what_is_said_of_one_service_goes_before_what_is_said_of_all(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REGESTA_SOURCES", '{"objectives": "http://all:8000"}')
    environment.setenv("REGESTA_BUDGET_SOURCES", '{"objectives": "http://own:8000"}')
    environment.setenv("REGESTA_PORT", "8001")
    environment.setenv("REGESTA_BUDGET_PORT", "8002")
    read = {service: read_settings(service) for service in ("budget", "kpi", None)}
    assert {service: (its.sources["objectives"], its.port) for service, its in read.items()} == {
        "budget": ("http://own:8000", 8002),
        "kpi": ("http://all:8000", 8001),
        None: ("http://all:8000", 8001),
    }


@pytest.mark.parametrize(
    ("name", "service", "said"),
    [
        ("BUDGET_SOURCES", "budget", "sources"),
        ("SOURCES", "budget", "sources"),
        ("SOURCES", None, "sources"),
        ("BUDGET_PORT", "budget", "REGESTA_BUDGET_PORT: "),
        ("PORT", None, "REGESTA_PORT: "),
    ],
)
def test_what_cannot_be_read_is_named_and_not_shown(
    environment: pytest.MonkeyPatch, name: str, service: str | None, said: str
) -> None:
    environment.setenv(f"REGESTA_{name}", "{secret")
    with pytest.raises(Misconfigured) as refused:
        read_settings(service)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
