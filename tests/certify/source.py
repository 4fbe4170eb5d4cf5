"""The service whose log is certified, as it offers its feed: `python -m tests.certify.source api`."""

from __future__ import annotations

from pathlib import Path

from regesta.main import main
from regesta.runtime import Service
from tests.certify.units import SERVICE, Noted

SOURCE = Service(name=SERVICE, title="The log under test", events=(Noted,), migrations=Path("none"))

if __name__ == "__main__":
    main(SOURCE)
