from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.bands import Band
from contracts.dates import ImpreciseDate
from contracts.objectives import Continuous, OnDay, Relative
from services.reporting.domain.figure import When
from services.reporting.render.words import phrases
from services.reporting.render.words.label import Label
from services.reporting.render.words.phrases import Dated


@pytest.mark.parametrize(
    ("low", "high", "inclusive", "words"),
    [
        ("2.5", "2.5", (True, True), Label("exactement 2,5", "precies 2,5", "exactly 2,5")),
        ("16", "28", (True, True), Label("de 16 à 28", "van 16 tot en met 28", "from 16 to 28")),
        ("16", "28", (True, False), Label.same("[16 ; 28[")),
        ("16", "28", (False, True), Label.same("]16 ; 28]")),
        ("16", None, (True, False), Label("16 et plus", "16 en meer", "16 and more")),
        ("16", None, (False, False), Label("plus de 16", "meer dan 16", "more than 16")),
        (None, "28", (False, True), Label("28 au plus", "hoogstens 28", "28 at most")),
        (None, "28", (False, False), Label("moins de 28", "minder dan 28", "less than 28")),
        (None, None, (False, False), Label("toute valeur", "elke waarde", "any value")),
    ],
)
def test_a_band_is_worded_with_its_edges(
    low: str | None, high: str | None, inclusive: tuple[bool, bool], words: Label
) -> None:
    band = Band(
        colour="red",
        lower=None if low is None else Decimal(low),
        upper=None if high is None else Decimal(high),
        lower_inclusive=inclusive[0],
        upper_inclusive=inclusive[1],
    )
    assert phrases.edges_of([band]) == words
    assert phrases.edges_of([band, band]) == Label(*(f"{each}; {each}" for each in words))
    assert phrases.edges_of([]) is None


@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        (
            Relative(kind="relative", offset_days=1, to="vote", calendar="calendar"),
            Label("1 jour après : vote", "1 dag na: vote", "1 day after: vote"),
        ),
        (
            Relative(kind="relative", offset_days=-15, to="vote", calendar="working"),
            Label("15 jours ouvrables avant : vote", "15 werkdagen voor: vote", "15 working days before: vote"),
        ),
        (Continuous(kind="continuous"), Label("en continu", "doorlopend", "continuous")),
        (
            Continuous(kind="continuous", until=ImpreciseDate("2025")),
            Label("en continu, fin : 2025", "doorlopend, einde: 2025", "continuous, end: 2025"),
        ),
        (OnDay(kind="day", day=ImpreciseDate("2024-06-30")), Label("30 juin 2024", "30 juni 2024", "30 June 2024")),
    ],
)
def test_a_deadline_is_worded_as_known(deadline: Dated, words: Label) -> None:
    day = When.of(deadline.day) if isinstance(deadline, OnDay) else None
    assert phrases.deadline_words(deadline, day) == words


def test_a_late_milestone_says_by_how_much_where_that_is_known() -> None:
    assert phrases.reached_late(1).en == "reached 1 day late"
    assert phrases.reached_late(10).fr == "atteint avec 10 jours de retard"
    assert phrases.reached_late(None).nl == "te laat bereikt"


def test_what_is_not_known_or_goes_without_saying_has_no_words() -> None:
    parts = (phrases.amount(None), phrases.advance(None), phrases.ends(None), phrases.closes(None))
    assert Label.joined(*parts, phrases.of_round(1), phrases.received(None), phrases.reversed_of(0)) is None
    assert Label.joined(phrases.advance(125_000), phrases.of_round(2)) == Label(
        "acompte de 12,5\N{NO-BREAK SPACE}%, tour 2", "voorschot van 12,5%, ronde 2", "advance of 12.5%, round 2"
    )


def test_a_count_has_its_noun_in_each_language() -> None:
    assert phrases.count_of(0, "line") == Label("0 ligne", "0 lijnen", "0 lines")
    assert phrases.count_of(1, "line_shared") == Label("1 ligne partagée", "1 gedeelde lijn", "1 shared line")
