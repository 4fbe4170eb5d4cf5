"""What the environment says is read once, and what it may not say stops the process before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from regesta.settings import Settings

NEEDED = {
    "REGESTA_DATABASE_URL": "postgresql://budget:word@db/budget",
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
    [("PORT", "http"), ("POOL_SIZE", "3"), ("SOURCES", '["objectives"]'), ("LAG_LIMIT_EVENTS", "many")],
)
def test_what_cannot_be_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"REGESTA_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_a_password_is_not_shown(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REGESTA_OWNER_URL", "postgresql://owner:secret@db/budget")
    shown = f"{Settings()!r} {Settings()} {Settings().model_dump()}"
    assert "word" not in shown
    assert "secret" not in shown
