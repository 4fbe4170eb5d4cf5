from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from contracts.objectives import ObjectiveRegistered
from contracts.types import Language, Text
from regesta.event import Recorded
from services.reporting.domain.dossiers import Payment
from services.reporting.domain.figure import Figure
from services.reporting.projections.standing import REGISTRY
from services.reporting.render.documents import About, View, letter_objective
from services.reporting.render.events import event_words
from services.reporting.render.excerpts import excerpt
from services.reporting.render.figures import Figures
from services.reporting.render.moments import _payment
from services.reporting.render.page import PREFIX, Page
from tests.services.reporting.domain.facts import ONE, TWO, Facts

SPACE = "\N{NO-BREAK SPACE}"


def recorded(kind: str, data: object) -> Recorded:
    return Recorded(
        source="budget",
        position=1,
        stream="commitment/1",
        version=1,
        time=datetime(2024, 4, 15, tzinfo=UTC),
        type=kind,
        raw=json.dumps(data),
        log="log",
        registry=REGISTRY,
        occurred=None,
        actor="officer",
    )


def payment(visa: str) -> Payment:
    return Payment(
        events=("budget:7",),
        payment="P-1",
        part="advance",
        line="urban.33.004.28.01.6321",
        year=2024,
        amount=Figure.known(158_100_050, "budget:7"),
        reversed_cents=5,
        paid_on=date(2024, 4, 10),
        visa=visa,
        unchecked=False,
    )


def test_an_amount_keeps_its_currency_and_a_line_its_name() -> None:
    detail = _payment(payment("V-1")).detail
    assert detail is not None
    line = "33.004.28.01.6321"
    assert detail.fr == f"1{SPACE}581{SPACE}000,50{SPACE}EUR, AB{SPACE}{line}, dont 0,05{SPACE}EUR repris"
    assert detail.nl == f"1.581.000,50{SPACE}EUR, BA{SPACE}{line}, waarvan 0,05{SPACE}EUR teruggenomen"
    assert detail.en == f"1,581,000.50{SPACE}EUR, line{SPACE}{line}, of which 0.05{SPACE}EUR reversed"


def test_a_visa_that_is_the_reference_too_is_said_once() -> None:
    assert _payment(payment("P-1")).notes == ("P-1",)
    assert _payment(payment("V-1")).notes == ("P-1", "V-1")


@pytest.mark.parametrize(("language", "said"), [("fr", "1234,5"), ("nl", "1.234,5"), ("en", "1,234.5")])
def test_a_measured_value_is_a_number_of_the_language(language: Language, said: str) -> None:
    event = recorded("indicator-measured.v1", {"value": {"state": "known", "value": "-1234.5"}})
    assert event_words(event, language).replace(SPACE, "").endswith(f", \N{MINUS SIGN}{said}")
    assert event_words(recorded("indicator-measured.v1", {"value": "Z2-A"}), language).endswith(", Z2-A")


@pytest.mark.parametrize(("language", "said"), [("fr", f"Suivant{SPACE}: IV.2"), ("nl", "Volgende: IV.2")])
def test_a_colon_keeps_its_distance_in_french_only(language: Language, said: str) -> None:
    facts = Facts()
    for objective, code in ((ONE, "IV.1"), (TWO, "IV.2")):
        facts.register(ObjectiveRegistered(objective=objective, level="operational", code=code, title=Text(fr=code)))
    letter = facts.letter()
    page = Page(language, f"{PREFIX}/letters/territorial/2024")
    figures = Figures("/figures/{}".format, sheets=0)
    view = View(letter.cut, complete=True)
    body = letter_objective(About(letter, view, page), figures, excerpt(letter.objectives[0], "all", ()))
    assert said in body
