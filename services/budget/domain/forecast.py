"""What is expected to be liquidated in a year, on a line or for a dossier: forecast/{line or dossier}/{year}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contracts.allocation import LineKey
from contracts.commitments import LiquidationForecast
from contracts.types import Cents, DossierId, Origin, Year
from regesta.command import Context, Facts, Read, Reference, State, nothing
from regesta.event import Event
from services.budget.domain.command import AsPrinted, BudgetCommand, dossier_reference, judge
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
    as_given: AsPrinted | None = None
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
    as_given: AsPrinted | None = None
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The forecast."""
        return Forecast.name_of(f"{self.dossier}/{self.year}")

    def references(self) -> tuple[Reference, ...]:
        """The dossier must exist."""
        return dossier_reference(self.dossier)


def decide(command: ForecastLine | ForecastDossier, read: Read, context: Context) -> Facts:
    """Return the forecast; nothing when it is the one that stands. Raises UnknownLine, ReceiptLine."""
    forecast = read(Forecast, command.stream.partition("/")[2])
    broken = spending(read, command.line) if isinstance(command, ForecastLine) else []
    latest = forecast.latest
    if latest is not None and (latest.amount_cents, latest.as_given) == (command.amount_cents, command.as_given):
        return nothing()
    event = LiquidationForecast(
        year=command.year,
        amount_cents=command.amount_cents,
        line=command.line if isinstance(command, ForecastLine) else None,
        dossier=command.dossier if isinstance(command, ForecastDossier) else None,
        as_given=command.as_given,
        origin=command.origin,
        breaches=judge(command.origin, context, broken),
    )
    return {forecast.stream: [event]}


def evolve(state: Forecast, event: Event) -> None:
    """Apply one recorded fact."""
    if isinstance(event, LiquidationForecast):
        state.latest = event
