"""What the commands of kpi share. Pure."""

from __future__ import annotations

from typing import Final

from contracts.dates import BoundedDate
from contracts.types import IndicatorId
from regesta.command import Command

# The log that this service writes.
LOG: Final = "kpi"


class KpiCommand(Command):
    """A command on one indicator. occurred: when it happened in the world."""

    scope = "kpi:write"

    indicator: IndicatorId
    occurred: BoundedDate | None = None

    @property
    def stream(self) -> str:
        """The indicator."""
        return f"indicator/{self.indicator}"
