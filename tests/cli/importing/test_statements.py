import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.importing.statements import day_of, deadline_of, empty_of, status_of
from contracts.dates import ImpreciseDate
from contracts.objectives import Continuous, Deadline, EndOfLegislature, InWords, OnDay, Status
from contracts.types import NONE, NOT_APPLICABLE, PENDING, Empty, Text, by_reference, known


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("selon le planning", "on_schedule"),
        ("Volgens planning", "on_schedule"),
        ("En cours.", "in_progress"),
        ("lopend", "in_progress"),
        ("en retard", "behind"),
        ("réalisé en 2022", "completed"),
        ("Gerealiseerd", "completed"),
        ("stopgezet", "stopped"),
        ("à corriger", "to_be_corrected"),
        ("Arrêté", "other"),
        ("non réalisé", "other"),
        ("en cours, avec retard", "other"),
    ],
)
def test_a_status_is_known_only_by_its_whole_text(printed: str, status: Status) -> None:
    assert status_of(printed) == status


@pytest.mark.parametrize(
    ("printed", "deadline"),
    [
        ("en continu", Continuous(kind="continuous")),
        ("doorlopend", Continuous(kind="continuous")),
        ("En continu jusque juin 2024", Continuous(kind="continuous", until=ImpreciseDate("2024-06"))),
        ("Fin de la législature", EndOfLegislature(kind="end_of_legislature")),
        ("einde van de legislatuur", EndOfLegislature(kind="end_of_legislature")),
        ("2024", OnDay(kind="day", day=ImpreciseDate("2024"))),
        ("31/12/2023", OnDay(kind="day", day=ImpreciseDate("2023-12-31"))),
        ("fin 2024", OnDay(kind="day", day=ImpreciseDate("2024-39"))),
        ("tenir un comité dans l’année", InWords(kind="text", text=Text(fr="tenir un comité dans l’année"))),
        ("en continu jusque nouvel ordre", InWords(kind="text", text=Text(fr="en continu jusque nouvel ordre"))),
    ],
)
def test_a_deadline_is_what_its_text_says_or_its_words(printed: str, deadline: Deadline) -> None:
    assert deadline_of(printed, Text(fr=printed)) == known(deadline)


@pytest.mark.parametrize(
    ("printed", "empty"), [("Néant", NONE), ("geen", NONE), ("n.v.t.", NOT_APPLICABLE), ("À compléter", PENDING)]
)
def test_the_kinds_of_empty_are_kept_apart(printed: str, empty: Empty) -> None:
    assert empty_of(printed) == empty
    assert deadline_of(printed, Text(fr=printed)) == empty


def test_what_stands_elsewhere_says_where() -> None:
    assert empty_of("(Voir A)") == by_reference("A")
    assert empty_of("dépendant des CRU (cf. Ordonnance)") is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("le 1er juillet 2023", "2023-07-01"),
        ("31 december 2023", "2023-12-31"),
        ("en juin 2024", "2024-06"),
        ("1er trimestre 2024", "2024-33"),
        ("Q4 2024", "2024-36"),
        ("2e semestre de 2023", "2023-41"),
        ("début 2024", "2024-37"),
        ("mi-2024", "2024-38"),
        ("eind 2024", "2024-39"),
        ("été 2024", "2024-22"),
        ("31 février 2024", None),
        ("31/02/2024", None),
        ("bientôt", None),
    ],
)
def test_dates_in_words(text: str, day: str | None) -> None:
    assert day_of(text) == (None if day is None else ImpreciseDate(day))


@given(st.text(max_size=80))
def test_any_text_is_some_status_and_some_deadline(text: str) -> None:
    assert status_of(text)
    assert day_of(text) is None or day_of(text) == ImpreciseDate(str(day_of(text)))
