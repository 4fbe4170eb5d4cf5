"""The jars service as a process of its own: `python -m tests.faults.service all`, told by REGESTA_* as any service."""

from __future__ import annotations

from regesta.main import main
from tests.regesta.jars import SERVICE

if __name__ == "__main__":
    main(SERVICE)
