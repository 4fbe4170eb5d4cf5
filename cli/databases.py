"""The database of a service, for commands that work on it and not through the service."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cli.embedded import Embedded
from cli.installation import services
from regesta.database import create_service, migrate, migrations
from regesta.errors import Misconfigured


@contextmanager
def runtime_dsn(service: str, data_dir: Path) -> Iterator[str]:
    """Give the address of a service's database for the role that runs it. Raises Misconfigured.

    The environment names it, as for `regesta serve`; else it is that of the installation in `data_dir`, which is started when
    it does not run.
    """
    found = _from_environment(service, "DATABASE_URL")
    if found:
        yield found
        return
    with _embedded(data_dir, made=False) as server:
        yield server.dsn(service)


@contextmanager
def owner_dsn(service: str, data_dir: Path) -> Iterator[str]:
    """Give the address of a service's database for the role that migrates, brought to this release. Raises Misconfigured.

    An installation is made when there is none in `data_dir`.
    """
    with ExitStack() as stack:
        found = _from_environment(service, "OWNER_URL")
        if not found:
            server = stack.enter_context(_embedded(data_dir, made=True))
            asyncio.run(create_service(server.admin_dsn, service, server.passwords(service)))
            found = server.dsn(service, "owner")
        (declared,) = services([service])
        asyncio.run(migrate(found, service, migrations(declared.migrations)))
        yield found


def _from_environment(service: str, name: str) -> str | None:
    return os.environ.get(f"REGESTA_{service.upper()}_{name}") or os.environ.get(f"REGESTA_{name}")


@contextmanager
def _embedded(data_dir: Path, *, made: bool) -> Iterator[Embedded]:
    """Give the server of an installation, running: left so when it ran before, and stopped when it was started here."""
    if not made and not (data_dir / "secrets.json").exists():
        raise Misconfigured(
            f"{str(data_dir)!r} is no installation, and REGESTA_DATABASE_URL is not set: name a database by one of them"
        )
    server = Embedded(data_dir)
    if server.runs:
        yield server
    else:
        with server:
            yield server
