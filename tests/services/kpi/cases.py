"""Every command of kpi, with other values of each of its members."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from contracts.kpi import CountOf, Fact
from contracts.types import PENDING, Place, Text
from regesta.command import Command
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
from tests.services.cases import Case, Others
from tests.services.kpi.samples import LIQUIDATED, MANUAL, OBJECTIVE, ONE, YEAR, at_least, below, percent

PLACE: Final = Place(document="A-123", page=4)
DEFINE: Final = DefineIndicator(indicator=ONE, measure=MANUAL)
STAND: Final = PlaceIndicator(indicator=ONE, objective=OBJECTIVE)
MEASURE: Final = MeasureIndicator(
    indicator=ONE, period=YEAR, value=percent("84"), source="SAP", as_printed="84 %", place=PLACE
)
DEFINITION: Final[Others] = {
    "measure": [CountOf(kind="count", of=Fact(service="budget", type="amount-committed.v1"))],
    "title": [Text(fr="Autre"), None],
    "description": [Text(fr="Autre"), None],
    "measured_in": ["days", None],
    "direction": ["lower_is_better", None],
    "provider": ["finance", None],
}
DEFINED: Final = {
    "title": Text(fr="Crédits"), "description": Text(fr="Utilisés"), "measured_in": "%", "direction": "higher_is_better",
    "provider": "housing",
}  # fmt: skip
CONNECTOR: Final = ("connector",)

# None is one more.
COUNTED: Final[tuple[Command, ...]] = ()
CASES: Final = (
    Case(
        DEFINE.model_copy(update={**DEFINED, "year": 2023, "place": PLACE}),
        {**DEFINITION, "year": [2024, None], "place": [Place(document="A-124"), None]},
    ),
    Case(
        ReviseIndicator(indicator=ONE, year=2024, measure=MANUAL).model_copy(update=DEFINED),
        DEFINITION,
        anew=(*DEFINITION, "occurred"),
        before=(DEFINE,),
    ),
    Case(
        STAND.model_copy(update={"place": PLACE}),
        {"place": [Place(document="A-124"), None]},
        which=("section",),
        before=(DEFINE,),
    ),
    Case(RemoveIndicator(indicator=ONE, objective=OBJECTIVE), which=("section",), before=(DEFINE, STAND)),
    Case(
        PrintThreshold(indicator=ONE, red="< 80"),
        which=("red", "amber", "green", "units", "value", "objective", "section", "place"),
        before=(DEFINE,),
    ),
    Case(
        SetBands(indicator=ONE, year=2024, level="internal", bands=LIQUIDATED),
        {"bands": [(below("red", "80"), at_least("green", "80"))]},
        anew=("bands", "occurred"),
        before=(DEFINE,),
    ),
    Case(
        SetTarget.model_validate(
            {"indicator": ONE, "target": "90", "horizon": "2025", "baseline": "70", "benchmark": "95"}
        ),
        {"target": [Decimal(91)], "baseline": [None], "benchmark": [None]},
        which=("horizon",),
        anew=("target", "baseline", "benchmark", "occurred"),
        before=(DEFINE,),
    ),
    Case(
        RetireIndicator(indicator=ONE, reason="Replaced"),
        {"reason": ["Other"], "registered_in_error": [True]},
        before=(DEFINE,),
    ),
    Case(
        MEASURE,
        {
            "value": [percent("85"), PENDING], "source": ["Euroges", None], "as_printed": ["85 %", None],
            "place": [Place(document="A-124"), None],
        },
        which=("period", "dimensions"),
        before=(DEFINE,),
        roles=CONNECTOR,
    ),
    Case(
        CorrectMeasurement(indicator=ONE, corrects="kpi:2", value=percent("86"), reason="Late", source="SAP"),
        {"value": [percent("87")], "reason": ["Wrong"], "source": ["Euroges", None]},
        before=(DEFINE, MEASURE),
        roles=CONNECTOR,
    ),
    Case(
        WithdrawFact(indicator=ONE, event="kpi:2", reason="Misread"),
        {"reason": ["Twice"]},
        before=(DEFINE, MEASURE),
        roles=CONNECTOR,
    ),
)  # fmt: skip
