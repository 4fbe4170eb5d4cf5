"""The service of the benchmark's own log, which offers it as a feed: `python -m tests.bench.feeding api`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from regesta.main import main
from regesta.runtime import Service
from tests.bench.catching_up import Counted
from tests.bench.ground import SERVICE as NAME

SERVICE: Final = Service(NAME, "The benchmark's log", (Counted,), migrations=Path(__file__).with_name("migrations"))

if __name__ == "__main__":
    main(SERVICE)
