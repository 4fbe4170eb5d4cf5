from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.importing.thresholds import NoBands, bands_of, number_of, range_of, unit_of
from contracts.bands import Band, BandColour, band_of, check_bands

Edge = tuple[str | None, bool | None]


@pytest.mark.parametrize(
    ("text", "lower", "upper", "unit"),
    [
        ("< 1", (None, False), ("1", False), ""),
        (">= 90", ("90", True), (None, False), ""),
        ("≥90 %", ("90", True), (None, False), "%"),
        ("≤ 12,5 %", (None, False), ("12.5", True), "%"),
        ("= 3", ("3", True), ("3", True), ""),
        ("> 1 000", ("1000", False), (None, False), ""),
        ("supérieur à 60 jours", ("60", False), (None, False), "jours"),
        ("délai inférieur à 60 jours calendrier après la date de complétude", (None, False), ("60", False), "jours"),
        ("au-delà d’une semaine", ("1", False), (None, False), "semaines"),
        ("quand le dépassement n’excède pas une semaine", (None, False), ("1", True), "semaines"),
        ("plus de 2 semaines de retard", ("2", False), (None, False), "semaines"),
        ("supérieures ou égales à 90 % des prévisions", ("90", True), (None, False), "%"),
        ("90 % ou plus", ("90", True), (None, False), "%"),
        ("5 jours maximum", (None, False), ("5", True), "jours"),
        ("dans les 15 jours", (None, False), ("15", True), "jours"),
        ("quand elles sont comprises entre 80 et 90 %", ("80", None), ("90", None), "%"),
        ("80 à 90 %", ("80", None), ("90", None), "%"),
        (">= 80 % et < 90 %", ("80", True), ("90", False), "%"),
        ("meer dan 60 kalenderdagen", ("60", False), (None, False), "jours"),
        ("minder dan 5 werkdagen", (None, False), ("5", False), "jours ouvrables"),
        ("niet meer dan 5 dagen", (None, False), ("5", True), "jours"),
        ("90 % of meer", ("90", True), (None, False), "%"),
        ("tussen 80 en 90 %", ("80", None), ("90", None), "%"),
        ("binnen de 15 dagen", (None, False), ("15", True), "jours"),
    ],
)
def test_a_text_that_compares_is_a_range(text: str, lower: Edge, upper: Edge, unit: str) -> None:
    found = range_of(text)
    assert (found.lower, found.lower_inclusive) == (lower[0] and Decimal(lower[0]), lower[1])
    assert (found.upper, found.upper_inclusive) == (upper[0] and Decimal(upper[0]), upper[1])
    assert found.unit == unit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("95 %", "names a value, not which side of it"),
        ("2 semaines de retard", "names a value, not which side of it"),
        ("30js de retard", "names a value, not which side of it"),
        ("Si réalisés après le 31 mars 2024", "is about a date"),
        ("plus de 31 mars", "is about a date"),
        ("quand le délai prévu n’est pas dépassé", "names no number"),
        ("À réaliser", "names no number"),
        ("< 1.000", "beyond doubt"),
        ("pas plus de 5", "beyond doubt"),
        ("plus de 5 ou sans réponse", "beyond doubt"),
        ("moins de 80 % ou plus de 120 %", "beyond doubt"),
        ("environ plus de 5", "beyond doubt"),
        ("supérieur à un seuil", "beyond doubt"),
        ("entre 90 et 80 %", "beyond doubt"),
        ("> 80 et > 90", "beyond doubt"),
        ("- 5 à 10", "beyond doubt"),
        ("1 trimestre / 1 année de retard", "beyond doubt"),
        ("> 1234567890123456", "beyond doubt"),
        ("x" * 301, "301 characters"),
    ],
)
def test_what_can_be_read_in_two_ways_is_no_range(text: str, reason: str) -> None:
    with pytest.raises(NoBands, match=reason):
        range_of(text)


def printed(red: str | None, amber: str | None, green: str | None) -> dict[BandColour, str | None]:
    return {"red": red, "amber": amber, "green": green}


def test_a_text_that_refers_back_may_say_less_but_nothing_else() -> None:
    green = "égales ou supérieures à 90 % des prévisions de l’année"
    assert len(bands_of(printed("quand elles sont inférieures à 90 % de ces prévisions", None, green))) == 2
    with pytest.raises(NoBands, match="go on differently"):
        bands_of(printed("quand elles sont inférieures à 90 % de ces crédits", None, green))


def test_equal_words_after_the_number_leave_no_doubt() -> None:
    texts = printed("plus de 3 réunions par an", None, "au plus 3 réunions par an")
    assert [band.colour for band in bands_of(texts)] == ["red", "green"]
    assert [band.colour for band in bands_of(printed("> 3 m²", None, "≤ 3 m²"))] == ["red", "green"]


def test_an_edge_left_open_goes_to_the_text_that_does_not_hold_it() -> None:
    texts = printed("inférieures à 80 %", "comprises entre 80 et 90 %", "égales ou supérieures à 90 %")
    assert bands_of(texts) == (
        Band(colour="red", upper=Decimal(80)),
        Band(colour="amber", lower=Decimal(80), lower_inclusive=True, upper=Decimal(90)),
        Band(colour="green", lower=Decimal(90), lower_inclusive=True),
    )
    assert unit_of(texts) == "%"


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (printed("< 1", None, "> 1"), "^no band holds 1$"),
        (printed("supérieur à 60 jours", None, "inférieur à 60 jours"), "^no band holds 60$"),
        (printed("< 80", "80-89", ">= 90"), "^no band holds numbers above 89 and below 90$"),
        (printed("0-80", "80-90", "> 90"), "^red and amber both hold 80$"),
        (printed("> 5 jours", None, "<= 5 semaines"), "different units: jours, semaines"),
        (printed("plus de 5 jours avant", None, "5 jours ou moins après"), "different sides"),
        (printed("> 5 jours de retard", None, "<= 5 jours d’avance"), "different sides"),
        (printed("moins d’un mois sur deux", None, "au moins un mois sur deux"), "beyond doubt"),
        (printed("< 50 % des logements", None, ">= 50 % des bureaux"), "'des bureaux', 'des logements'"),
        (printed("< 90 % des prévisions", None, ">= 90 %"), "go on differently"),
        (printed("< 3 réunions par an", None, ">= 3 réunions par mois"), "'par an', 'par mois'"),
        (printed("> 5 %", None, "≤ 5 ‰"), "different units: none, %"),
        (printed("> 5 %", None, "≤ 5"), "different units: none, %"),
        (printed("> 15 jours (rapport)", None, "≤ 15 jours (PV)"), r"'\(pv\)', '\(rapport\)'"),
        (printed("< 80% engagés", None, "≥ 80% liquidés"), "'engagés', 'liquidés'"),
        (printed("plaintes < 5", None, "dossiers ≥ 5"), "speak of different things: 'dossiers', 'plaintes'"),
        (printed("> 80¹ %", None, "≤ 80 %"), "the mark '¹'"),
        (printed("> 80 jours²", None, "≤ 80 jours"), "the mark '²'"),
        (printed("> 8½ %", None, "≤ 8½ %"), "the mark '½'"),
        (printed("> 5", None, None), "one text alone"),
        (printed(None, " ", None), "no threshold is printed"),
        (printed("95 %", None, "100 %"), "'95 %' names a value"),
    ],
)
def test_texts_that_do_not_cover_everything_once_have_no_bands(
    texts: dict[BandColour, str | None], reason: str
) -> None:
    with pytest.raises(NoBands, match=reason):
        bands_of(texts)


NUMBERS: Final = st.decimals(min_value=1, max_value=10**6, places=2, allow_nan=False)


@given(low=NUMBERS, width=NUMBERS, probe=NUMBERS, language=st.sampled_from(["fr", "nl"]))
def test_printed_partitions_give_each_number_the_colour_of_its_text(
    low: Decimal, width: Decimal, probe: Decimal, language: str
) -> None:
    low, high = low.quantize(Decimal("0.1")), (low + width).quantize(Decimal("0.1")) + 1
    one, other = (f"{edge}".replace(".", ",") for edge in (low, high))
    french = printed(f"moins de {one} %", f"entre {one} et {other} %", f"{other} % ou plus")
    dutch = printed(f"minder dan {one} %", f"tussen {one} en {other} %", f"{other} % of meer")
    bands = bands_of(dutch if language == "nl" else french)
    check_bands(bands)
    expected = "red" if probe < low else "amber" if probe < high else "green"
    assert band_of(probe, bands).colour == expected


@given(st.text(max_size=60))
def test_any_text_is_a_range_with_an_edge_or_none(text: str) -> None:
    try:
        found = range_of(text)
    except NoBands:
        return
    assert found.lower is not None or found.upper is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("92 %", (Decimal(92), "%")),
        ("12,5", (Decimal("12.5"), "")),
        ("-3 jours", (Decimal(-3), "jours")),
        ("1.000", None),
        ("ongeveer 5", None),
        ("80¹", None),
        ("80 %²", None),
        ("5 m²", (Decimal(5), "m²")),
        ("5 ou 6", None),
        ("mars 2024", None),
        ("Néant", None),
    ],
)
def test_a_value_is_one_number_and_nothing_else(text: str, expected: tuple[Decimal, str] | None) -> None:
    assert number_of(text) == expected
