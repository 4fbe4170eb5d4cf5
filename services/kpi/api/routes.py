"""Where each command is addressed."""

from __future__ import annotations

from typing import Final

from regesta.runtime import CommandRoute
from services.kpi.domain.indicator import (
    DefineIndicator,
    PlaceIndicator,
    PrintThreshold,
    RemoveIndicator,
    RetireIndicator,
    ReviseIndicator,
    SetBands,
    SetTarget,
)
from services.kpi.domain.measurement import CorrectMeasurement, MeasureIndicator, WithdrawFact

ROUTES: Final = (
    CommandRoute("PUT", "/indicators/{indicator}", DefineIndicator),
    CommandRoute("PUT", "/indicators/{indicator}/definitions/{year}", ReviseIndicator),
    CommandRoute("PUT", "/indicators/{indicator}/placements/{objective}", PlaceIndicator),
    CommandRoute("POST", "/indicators/{indicator}/placements/{objective}/removals", RemoveIndicator),
    CommandRoute("POST", "/indicators/{indicator}/thresholds", PrintThreshold),
    CommandRoute("PUT", "/indicators/{indicator}/bands/{year}/{level}", SetBands),
    CommandRoute("PUT", "/indicators/{indicator}/targets", SetTarget),
    CommandRoute("PUT", "/indicators/{indicator}/measurements", MeasureIndicator),
    CommandRoute("PUT", "/indicators/{indicator}/corrections/{corrects}", CorrectMeasurement),
    CommandRoute("PUT", "/indicators/{indicator}/withdrawals/{event}", WithdrawFact),
    CommandRoute("PUT", "/indicators/{indicator}/retirement", RetireIndicator),
)
