"""The environment of a process, read once. All names begin with REGESTA_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from regesta.admission import REQUESTS


class Settings(BaseSettings):
    """What a process of one service is told.

    database_url, owner_url: PostgreSQL of the runtime role and of the role that migrates. jwks: a file or an URL with the
    issuer's public keys. sources: base URL of each other service, as JSON. token_file: the bearer token this service shows
    to the feeds of others. lag_limit_events: beyond it /readyz is red. requests_limit: so many are in progress at once.
    """

    model_config = SettingsConfigDict(env_prefix="REGESTA_", frozen=True, extra="ignore")

    database_url: SecretStr
    owner_url: SecretStr | None = None
    issuer: str
    audience: str = "regesta"
    jwks: str
    sources: dict[str, str] = {}
    token_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    # A rebuild holds three.
    pool_size: Annotated[int, Field(ge=4)] = 8
    lag_limit_events: int = 10_000
    requests_limit: int = REQUESTS
    allow_unsafe_database: bool = False
