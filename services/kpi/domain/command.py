"""What the commands of kpi share. Pure."""

from __future__ import annotations

from contracts.dates import ImpreciseDate
from contracts.types import IndicatorId
from regesta.command import Command


class KpiCommand(Command):
    """A command on one indicator. occurred: when it happened in the world."""

    scope = "kpi:write"

    indicator: IndicatorId
    occurred: ImpreciseDate | None = None

    @property
    def stream(self) -> str:
        """The indicator."""
        return f"indicator/{self.indicator}"
