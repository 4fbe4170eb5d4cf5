"""`regesta serve`: services in one process, as the environment says."""

from __future__ import annotations

from collections.abc import Sequence

import uvloop

from cli.installation import services
from cli.together import Together
from regesta.main import create_app
from regesta.server import server_of
from regesta.settings import read_settings


def serve_services(names: Sequence[str]) -> None:
    """Serve until the process is told to stop; where is said by the first service's host and port."""
    settings = [read_settings(name) for name in names]
    apps = {each.name: create_app(each, its, worker=True) for each, its in zip(services(names), settings, strict=True)}
    uvloop.run(server_of(Together(apps), list(apps.values()), settings[0].host, settings[0].port).serve())
