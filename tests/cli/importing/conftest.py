"""The importer's tests run the services for real, as the services' own tests do."""

from __future__ import annotations

from tests.services.conftest import run

__all__ = ["run"]
