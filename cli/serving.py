"""`regesta serve`: services in one process, as the environment says."""

from __future__ import annotations

import os
from collections.abc import Sequence

import uvloop
from pydantic import ValidationError

from cli.installation import services
from cli.together import Together
from regesta.errors import Misconfigured
from regesta.main import create_app, server_of
from regesta.settings import Settings


def settings_from_environment(service: str) -> Settings:
    """Return the settings of one service: REGESTA_<SERVICE>_<NAME> before REGESTA_<NAME>. Raises Misconfigured."""
    prefix = f"REGESTA_{service.upper()}_"
    own = {
        name: os.environ[prefix + name.upper()] for name in Settings.model_fields if prefix + name.upper() in os.environ
    }
    try:
        return Settings.model_validate(own)
    except ValidationError as error:
        missing = ", ".join(f"{prefix}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise Misconfigured(f"the environment of {service} is not complete: {missing}") from error


def serve_services(names: Sequence[str]) -> None:
    """Serve until the process is told to stop; where is said by the first service's host and port."""
    settings = [settings_from_environment(name) for name in names]
    apps = {each.name: create_app(each, its, worker=True) for each, its in zip(services(names), settings, strict=True)}
    uvloop.run(server_of(Together(apps), list(apps.values()), settings[0].host, settings[0].port).serve())
