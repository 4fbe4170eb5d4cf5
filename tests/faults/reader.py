"""A service that takes in jars, as a process of its own: `python -m tests.faults.reader worker`, told by REGESTA_* as any service."""

from __future__ import annotations

from dataclasses import replace

from regesta.main import main
from tests.regesta.jars import EVENTS, SERVICE

READER = replace(
    SERVICE, name="shelves", sources={"jars": EVENTS}, projections=(), reactions=(), aggregates=(), rules=(),
    routes=(), routers=(),
)  # fmt: skip

if __name__ == "__main__":
    main(READER)
