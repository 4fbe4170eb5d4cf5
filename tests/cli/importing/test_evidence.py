import re
from datetime import date
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli.importing.accomplished import ACTS
from cli.importing.evidence import NAMING_AN_ACT
from cli.importing.language import LANGUAGES
from cli.importing.reading import reading_of
from contracts.dates import ImpreciseDate
from contracts.objectives import Reading
from contracts.types import SectionKind
from tests.cli.importing.corpus import RECORDED, SAID
from tests.cli.importing.taken_back import TAKEN_BACK
from tests.cli.importing.unshown import NOT_SHOWN

Fact = tuple[str, str]

PAST: Final = ImpreciseDate("2023-06")
DOUBTS: Final = (
    "not", "never", "no", "nobody", "zero", "0", "half", "partly", "nearly", "almost", "virtually", "perhaps", "possibly",
    "postponed", "cancelled", "pending", "draft", "tbc", "TBD", "?", "(?)", "without", "unless", "foreseen", "requested",
    "pas", "jamais", "aucun", "zéro", "moitié", "partiellement", "presque", "quasi", "peut-être", "éventuellement", "reporté",
    "annulée", "suspendu", "sans", "sous réserve", "prévue", "demandé", "à confirmer", "non",
    "niet", "nooit", "geen", "niemand", "nul", "helft", "gedeeltelijk", "bijna", "misschien", "eventueel", "uitgesteld",
    "geannuleerd", "opgeschort", "zonder", "onder voorbehoud", "voorzien", "aangevraagd", "nog",
)  # fmt: skip
# A day behind a fact, as a note may print it, and with a word before it.
PRINTED_DAYS: Final = (
    "%Y", "%d/%m/%Y", "%-d/%-m/%Y", "%m/%Y", "%Y/%m/%d", "%Y/%m", "%d.%m.%Y", "%m.%Y", "%d-%m-%Y", "%m-%Y", "%Y-%m", "%Y-%m-%d",
    "%d/%m/%y", "%d.%m.%y", "(%d/%m/%Y)", "(%Y)", ", %Y", ": %m/%Y", "Q4-%Y",
)  # fmt: skip
INTRODUCED_DAYS: Final = (
    "in %Y", "since %m/%Y", "on %-d.%-m.%Y", "dated %Y-%m-%d", "le %d/%m/%Y", "du %d.%m.%Y", "en %m/%Y", "daté %Y", "op %d/%m/%Y",
    "van %d-%m-%Y", "sinds %m.%Y", "fin %Y",
)  # fmt: skip
# Two digits of a year are of this century.
LATER_DAYS: Final = st.dates(date(2024, 1, 1), date(2099, 12, 31))
PAST_DAYS: Final = st.dates(date(2000, 1, 1), date(2023, 12, 31))
# Of two digits, in whatever order, beside a word or letters.
SHORT_DAYS: Final = (
    "on %-d December %y", "on December %-d, %y", "le %-d décembre %y", "le 1er mars %y", "op %-d mei %y", "%d-%m-%y", "%y-%m-%d",
    "%d %m %y", "%m-%y", "%m.%y", "2023/%y", "2023-%y", "FY%y", "FY %y", "in %y", "'%y", "Q3 %y", "%d/%m/2 0%y",
)  # fmt: skip
FACTS: Final = st.sampled_from(SAID + RECORDED)
REMARK: Final = st.text("BCDFGHJKLMNPQRSTVWXZ", min_size=1, max_size=5).filter(
    lambda word: not any(language.knows(word.lower()) for language in LANGUAGES)
)
UNKNOWN: Final = st.text("bcdfghjklmnpqrstvwxz", min_size=3, max_size=9).filter(
    lambda word: not any(language.knows(word) for language in LANGUAGES)
)


def is_done(fact: Fact, section: SectionKind | None = "realised") -> bool:
    kind, what = fact
    return reading_of(what, kind, PAST, section, 2023) == "done"


@pytest.mark.parametrize("fact", SAID, ids=": ".join)
def test_what_its_words_say_to_be_done_is_done(fact: Fact) -> None:
    assert is_done(fact)
    assert is_done(fact, None)


@pytest.mark.parametrize("fact", RECORDED, ids=": ".join)
def test_a_record_without_a_verb_is_done_in_the_account_only(fact: Fact) -> None:
    assert is_done(fact)
    assert not is_done(fact, None)


@pytest.mark.parametrize("fact", NOT_SHOWN + TAKEN_BACK, ids=": ".join)
def test_what_no_word_shows_is_not_done(fact: Fact) -> None:
    kind, what = fact
    assert not is_done(fact)
    assert not is_done(fact, None)
    for otherwise in (what.upper(), what.lower(), what.title(), f"{what}.", f"  {what} ", f"({what})", f"«{what}»"):
        assert not is_done((kind, otherwise)), otherwise


@pytest.mark.parametrize("doubt", DOUBTS)
@given(fact=FACTS, place=st.integers(0, 20))
def test_a_doubt_anywhere_leaves_nothing_done(doubt: str, fact: Fact, place: int) -> None:
    kind, what = fact
    words = what.split()
    words.insert(place % (len(words) + 1), doubt)
    assert not is_done((kind, " ".join(words)))


@given(FACTS, UNKNOWN, st.integers(0, 20))
def test_an_unknown_word_anywhere_leaves_nothing_done(fact: Fact, word: str, place: int) -> None:
    kind, what = fact
    if "«" in what or "(" in what:  # a title, and a remark on the source, may hold any words
        return
    words = what.split()
    words.insert(place % (len(words) + 1), word)
    assert not is_done((kind, " ".join(words)))


@given(
    FACTS,
    REMARK,
    st.sampled_from(("{0}: {1}", "{1}: {0}", "{0} ({1})", "{0}, {1}", "{0} {1}", "({1}) {0}", "{0} - {1}")),
)
def test_capitals_that_stand_alone_are_no_name(fact: Fact, remark: str, form: str) -> None:
    kind, what = fact
    assert not is_done((kind, form.format(what, remark)))


@given(st.sampled_from(SAID), UNKNOWN)
def test_a_heading_that_no_account_is_sorted_by_leaves_nothing_done(fact: Fact, word: str) -> None:
    kind, what = fact
    for heading in ("Budget", "Planning", "Programme", "Green", word.title()):
        assert not is_done((kind, f"{heading}: {what}")), heading
        assert not is_done((kind, f"{heading} \u2013 {what}")), heading


@given(FACTS, st.integers(1, 23))
def test_an_account_is_sorted_by_names_with_a_number(fact: Fact, number: int) -> None:
    kind, what = fact
    assert is_done((kind, f"CRU {number}: {what}"))
    assert (
        is_done((kind, f"Axis {number}: {what}"))
        or is_done((kind, f"Axe {number}: {what}"))
        or is_done((kind, f"Reeks {number}: {what}"))
    )


@given(FACTS, st.sampled_from("…?~✗=!*#¬≈@|"), st.integers(0, 200))
def test_a_sign_that_is_no_punctuation_leaves_nothing_done(fact: Fact, sign: str, place: int) -> None:
    kind, what = fact
    cut = place % (len(what) + 1)
    assert not is_done((kind, what[:cut] + sign + what[cut:]))


@given(st.text("abcdefghijklmnopqrstuvwxyzéèàç'- ", min_size=1, max_size=40), st.sampled_from([*ACTS, "other"]))
@example("year-section", "selected")
def test_words_that_nobody_knows_show_nothing(what: str, kind: str) -> None:
    words = re.findall(r"\w+", what)
    if any(language.forms(kind).search(what) or any(map(language.knows, words)) for language in LANGUAGES):
        return
    assert not is_done((kind, what))


def test_each_type_that_names_an_act_has_examples_in_each_language() -> None:
    assert set(ACTS) >= NAMING_AN_ACT
    shown = {
        (kind, language.tongue)
        for kind, what in SAID
        for language in LANGUAGES
        if kind in ACTS and language.forms(kind).search(what.lower())
    }
    assert {(kind, language.tongue) for kind in ACTS for language in LANGUAGES} - shown == set()


@pytest.mark.parametrize("printed", PRINTED_DAYS + INTRODUCED_DAYS + SHORT_DAYS)
@given(fact=FACTS, day=LATER_DAYS)
def test_a_later_date_behind_a_fact_leaves_it_not_done(printed: str, fact: Fact, day: date) -> None:
    kind, what = fact
    assert not is_done((kind, f"{what} {day:{printed}}"))


@pytest.mark.parametrize("printed", PRINTED_DAYS)
@given(fact=FACTS, day=PAST_DAYS)
def test_a_date_in_the_time_of_the_account_takes_nothing_back(printed: str, fact: Fact, day: date) -> None:
    kind, what = fact
    assert is_done((kind, f"{what} {day:{printed}}"))


@given(FACTS, st.integers(2024, 2199))
def test_any_number_that_may_be_a_later_year_leaves_a_fact_not_done(fact: Fact, year: int) -> None:
    kind, what = fact
    assert not is_done((kind, f"{what} {year}"))
    assert not is_done((kind, f"{year}: {what}"))


@given(FACTS, st.integers(2024, 2198))
def test_years_of_a_series_and_of_a_title_are_none_of_the_fact(fact: Fact, year: int) -> None:
    kind, what = fact
    for behind in (
        f"{year}-{year + 1}",
        f"({year}\u2013{year + 1})",
        f"«Horizon {year}»",
        f"“Horizon {year}”",
        "(2200)",
    ):
        assert is_done((kind, f"{what} {behind}")), behind


@pytest.mark.parametrize(
    ("what", "reading"),
    [
        ("Programme approved in 2023", "done"),
        ("Programme approved in 2024", "unclear"),
        ("Programme approved in June 2024", "unclear"),
        ("Programme approuvé fin 2024", "unclear"),
        ("Programma goedgekeurd in juni 2024", "unclear"),
        ("Programmes 2021-2027 approved", "done"),
        ("Programme for 2024 approved", "done"),
        ("Approved for 2024-2028", "done"),
        ("Approved for 2024", "unclear"),
        ("Approved 31/12/2030", "unclear"),
        ("approuvé le 12/05/2029", "unclear"),
        ("Approved (31/03/2025)", "unclear"),
        ("Approved ٢٠٣٠", "unclear"),
        ("In 2030 the programme was approved", "unclear"),
        ("for 2030 approved", "unclear"),
        ("Programme for 01/2030 approved", "unclear"),
        ("Programme approved (year from 2030 heading)", "unclear"),
        ("Approved 31/12/2030-2031", "unclear"),
        ("Approved 2030-0101", "unclear"),
        ("Approved 2030-2031-01", "unclear"),
        ("Approved «2030»", "unclear"),
        ("Approved 31.12.30", "unclear"),
        ("Approved 31/12/23", "done"),
        ("Actions 1.2.3.30 approved", "done"),
        ("Approved '23", "done"),
        ("Approved '24", "unclear"),
        ("Approved Q4 23", "done"),
        ("Approved Q1 24", "unclear"),
        ("Approved 31122023", "done"),
        ("Approved 20231231", "done"),
        ("Approved 01012024", "unclear"),
        ("Approved 20240101", "unclear"),
        ("Programme pour 2024 approuvé", "done"),
    ],
)
def test_what_is_said_of_a_later_year_is_not_done(what: str, reading: Reading) -> None:
    assert reading_of(what, "approval", PAST, "realised", 2023) == reading
