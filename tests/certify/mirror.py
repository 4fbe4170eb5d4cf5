"""Another service, which takes the log in over the feed: `python -m tests.certify.mirror worker`."""

from __future__ import annotations

from pathlib import Path

from regesta.main import main
from regesta.runtime import Service
from tests.certify.units import MIRROR, SERVICE, Noted

MIRRORING = Service(
    name=MIRROR,
    title="A replica of the log under test",
    events=(),
    migrations=Path("none"),
    sources={SERVICE: (Noted,)},
)

if __name__ == "__main__":
    main(MIRRORING)
