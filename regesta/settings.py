"""The environment of a process, read once. All names begin with REGESTA_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from regesta.admission import REQUESTS
from regesta.errors import Misconfigured

PREFIX = "REGESTA_"


class Settings(BaseSettings):
    """What a process of one service is told.

    database_url, owner_url: PostgreSQL of the runtime role and of the role that migrates. admin_url: of one that may make
    both, for `install`. jwks: a file or an URL with the
    issuer's public keys. sources: base URL of each service whose log is taken in, as JSON. consumers: of each that takes in this
    log, and is asked how much of it it holds. service_token, token_file: the bearer token this service shows to all of them.
    carrier: what brings events from service to service. kafka_bootstrap: addresses of the broker, host:port,...; kafka_prefix: what
    the names of its topics begin with. kafka_ca_file, kafka_tls: TLS, with these authorities or with those of the system.
    kafka_cert_file, kafka_key_file: the certificate and key that this service shows to the broker; without the latter both are in the former.
    kafka_user, kafka_password: by SCRAM-SHA-512.
    lag_limit_events: beyond it /readyz is red. requests_limit: so many are in progress at once.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: SecretStr
    owner_url: SecretStr | None = None
    admin_url: SecretStr | None = None
    issuer: str
    audience: str = "regesta"
    jwks: str
    sources: dict[str, str] = {}
    consumers: dict[str, str] = {}
    service_token: SecretStr | None = None
    token_file: Path | None = None
    carrier: Literal["feed", "kafka"] = "feed"
    kafka_bootstrap: str | None = None
    kafka_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "regesta"
    kafka_tls: bool = False
    kafka_ca_file: Path | None = None
    kafka_cert_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    # A rebuild holds three.
    pool_size: Annotated[int, Field(ge=4)] = 8
    lag_limit_events: int = 10_000
    requests_limit: int = REQUESTS
    allow_unsafe_database: bool = False


def read_settings(service: str | None = None) -> Settings:
    """Return what the environment says. With a service REGESTA_<SERVICE>_<NAME> goes before REGESTA_<NAME>.

    Raises Misconfigured, with the names of what is missing or cannot be; values are not shown.
    """
    prefix = f"{PREFIX}{service.upper()}_" if service else PREFIX
    try:
        own = EnvSettingsSource(Settings, env_prefix=prefix)() if service else {}
        return Settings(**own)
    except SettingsError as error:
        raise Misconfigured(f"the environment cannot be read: {error}") from error
    except ValidationError as error:
        wrong = ", ".join(f"{prefix}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise Misconfigured(f"the environment of {service or 'the service'} is not complete: {wrong}") from error
