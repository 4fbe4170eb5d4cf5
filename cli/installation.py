"""An embedded installation: one folder with the database, the keys and what was imported."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from cli.embedded import Embedded
from cli.tokens import AUDIENCE, ISSUER, SERVICES, Issuer
from contracts.evidence import VARIABLE, OrderWrong
from regesta.database import create_service
from regesta.errors import Misconfigured
from regesta.main import prepare
from regesta.runtime import Service
from regesta.settings import Settings

SERVICE_HOURS = 24 * 365


def services(names: Sequence[str] = SERVICES) -> list[Service]:
    """Return the declarations of services by name. Raises Misconfigured."""
    try:
        found: list[Service] = [importlib.import_module(f"services.{name}.app").SERVICE for name in names]
    except OrderWrong as error:
        raise Misconfigured(f"{VARIABLE}: {error}") from error
    return found


def settings_of(service: Service, database: Embedded, issuer: Issuer, url: str) -> Settings:
    """Return the settings of a service that runs on this machine with all the others, at `url`."""
    return Settings(
        database_url=SecretStr(database.dsn(service.name)),
        owner_url=SecretStr(database.dsn(service.name, "owner")),
        issuer=ISSUER,
        audience=AUDIENCE,
        jwks=str(issuer.jwks),
        sources=dict.fromkeys(service.sources, url),
        consumers=dict.fromkeys((each.name for each in services() if service.name in each.sources), url),
        token_file=issuer.service_token(service.name, SERVICE_HOURS),
    )


async def prepare_all(declared: Sequence[Service], database: Embedded, settings: Sequence[Settings]) -> None:
    """Make the databases and roles, and bring each to this release."""
    for service, its in zip(declared, settings, strict=True):
        await create_service(database.admin_dsn, service.name, database.passwords(service.name))
        await prepare(service, its)


def open_installation(data_dir: Path) -> Issuer:
    """Return the issuer of an installation, making its keys when missing."""
    return Issuer(data_dir / "keys")
