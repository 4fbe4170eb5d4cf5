"""What is expected to be liquidated in a year, on a line or for a dossier: forecast/{line or dossier}/{year}."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from contracts.allocation import LineKey
from contracts.commitments import LiquidationForecast
from contracts.types import BoundedPrinted, Cents, DossierId, Origin, Year
from regesta.command import Context, Facts, Read, Reference, State, fact, judge, nothing, repeats
from regesta.errors import Refused
from regesta.event import key_of
from services.budget.domain.command import BudgetCommand, dossier_reference
from services.budget.domain.line import spending


@dataclass(slots=True)
class Forecast(State):
    """The latest forecast."""

    prefix: ClassVar[str] = "forecast"

    latest: LiquidationForecast | None = None


class ForecastLine(BudgetCommand):
    """State what is expected to be liquidated on a line in a year; the latest statement counts."""

    name = "forecast-line"

    line: LineKey
    year: Year
    amount_cents: Cents
    as_given: BoundedPrinted | None = None
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The forecast."""
        return Forecast.name_of(f"{self.line}/{self.year}")


class ForecastDossier(BudgetCommand):
    """State what is expected to be liquidated for a dossier in a year; the latest statement counts."""

    name = "forecast-dossier"

    dossier: DossierId
    year: Year
    amount_cents: Cents
    as_given: BoundedPrinted | None = None
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The forecast."""
        return Forecast.name_of(f"{self.dossier}/{self.year}")

    def references(self) -> tuple[Reference, ...]:
        """The dossier must exist."""
        return dossier_reference(self.dossier)


def forecast_line(command: ForecastLine, read: Read, context: Context) -> Facts:
    """Return the forecast; nothing when it is the one that stands. Raises UnknownLine, ReceiptLine."""
    return _forecast(command, read, context, spending(read, command.line))


def forecast_dossier(command: ForecastDossier, read: Read, context: Context) -> Facts:
    """Return the forecast; nothing when it is the one that stands."""
    return _forecast(command, read, context, ())


def _forecast(
    command: ForecastLine | ForecastDossier, read: Read, context: Context, broken: Iterable[Refused]
) -> Facts:
    asked = fact(LiquidationForecast, command)
    if repeats(read(Forecast, key_of(command.stream)).latest, asked):
        return nothing()
    return {command.stream: [judge(asked, context, broken)]}


def evolve(state: Forecast, event: LiquidationForecast) -> None:
    """Apply one recorded fact."""
    state.latest = event
