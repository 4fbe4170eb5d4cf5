"""`regesta doctor`: the databases of services, of an embedded installation or as the environment says, looked at one by one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from cli.embedded import Embedded, Secrets
from cli.installation import services
from cli.remote import Answer
from regesta.database import migrations
from regesta.doctor import Target, examine, target_of
from regesta.errors import Misconfigured
from regesta.findings import Status
from regesta.runtime import Service
from regesta.settings import PREFIX, Settings, read_settings


def examine_all(names: Sequence[str], data_dir: Path) -> Answer:
    """Return what was found, by service. Raises Misconfigured when neither the environment nor the folder names databases."""
    targets = _targets(services(names), data_dir)
    return {target.service: [found.model_dump() for found in asyncio.run(examine(target))] for target in targets}


def failed(found: Answer) -> bool:
    """Return whether something has to be mended before the services are trusted."""
    return any(each["status"] == Status.FAIL for its in found.values() for each in its)


def _targets(chosen: Sequence[Service], data_dir: Path) -> list[Target]:
    """Return what is examined: the databases that the environment names, else those of the embedded installation."""
    named = [f"{PREFIX}DATABASE_URL", *(f"{PREFIX}{service.name.upper()}_DATABASE_URL" for service in chosen)]
    if any(name in os.environ for name in named):
        return [target_of(service, read_settings(service.name)) for service in chosen]
    secrets = Secrets(data_dir / "secrets.json")
    if not all(secrets.known(service.name) for service in chosen):
        raise Misconfigured(f"{str(data_dir)!r} is no installation; name it with --data-dir, or set {named[0]}")
    database, pool_size = Embedded(data_dir), Settings.model_fields["pool_size"].default
    return [
        Target(each.name, database.dsn(each.name), pool_size, migrations(each.migrations), data_dir) for each in chosen
    ]
