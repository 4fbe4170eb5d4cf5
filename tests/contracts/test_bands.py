import re
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bands import Band, BandColour, BandsError, EmptyBand, NoBand, TwoBands, band_of, check_bands

COLOURS: Final[tuple[BandColour, ...]] = ("red", "amber", "green")
EDGES: Final = st.decimals(-1000, 1000, places=1)


def band(text: str) -> Band:
    """Return a band written as "red ]-,1]" or "green [2.5,-[": - is no edge, [1 includes it, ]1 does not."""
    found = re.fullmatch(r"(red|amber|green) ([\[\]])([^,]+),([^\[\]]+)([\[\]])", text)
    assert found is not None
    return Band.model_validate(
        {
            "colour": found[1],
            "lower": None if found[3] == "-" else found[3],
            "lower_inclusive": found[2] == "[",
            "upper": None if found[4] == "-" else found[4],
            "upper_inclusive": found[5] == "]",
        }
    )


def bands(*texts: str) -> list[Band]:
    return [band(text) for text in texts]


@pytest.mark.parametrize(
    "given",
    [
        ["green ]-,-["],
        ["red ]-,1]", "green ]1,-["],
        ["red ]-,1[", "green [1,-["],
        ["red ]-,80[", "amber [80,90[", "green [90,-["],
        ["green [90,-[", "red ]-,80[", "amber [80,90["],
        ["red ]-,5[", "green [5,90]", "red ]90,-["],
        ["red ]-,1[", "amber [1,1]", "green ]1,-["],
    ],
)
def test_bands_that_hold_everything_once_pass(given: list[str]) -> None:
    check_bands(bands(*given))


@pytest.mark.parametrize(
    ("given", "hole"),
    [
        (["red ]-,1[", "green ]1,-["], "no band holds 1"),
        (["red ]-,60[", "green ]60,-["], "no band holds 60"),
        (["red ]-,80[", "green [90,-["], "no band holds numbers from 80 and below 90"),
        (["red ]-,80]", "green ]90,-["], "no band holds numbers above 80 and up to 90"),
        (["green [90,-["], "no band holds numbers below 90"),
        (["green ]90,-["], "no band holds numbers up to 90"),
        (["red ]-,2.50["], "no band holds numbers from 2.50"),
        (["red ]-,2.5]"], "no band holds numbers above 2.5"),
        ([], "no band holds any number"),
    ],
)
def test_a_hole_is_named(given: list[str], hole: str) -> None:
    with pytest.raises(NoBand, match=f"^{re.escape(hole)}$"):
        check_bands(bands(*given))


@pytest.mark.parametrize(
    ("given", "overlap"),
    [
        (["red ]-,1]", "green [1,-["], "red and green both hold 1"),
        (["red ]-,80[", "green ]70,-["], "red and green both hold numbers above 70 and below 80"),
        (["red ]-,-[", "green [1,2]"], "red and green both hold numbers from 1 and up to 2"),
        (["red ]-,-[", "amber ]-,-["], "red and amber both hold any number"),
        (["red ]-,5]", "amber [2,3]", "green ]5,-["], "red and amber both hold numbers from 2 and up to 3"),
    ],
)
def test_an_overlap_is_named(given: list[str], overlap: str) -> None:
    with pytest.raises(TwoBands, match=f"^{re.escape(overlap)}$"):
        check_bands(bands(*given))


@pytest.mark.parametrize("empty", ["amber [2,1]", "amber ]1,1]", "amber [1,1[", "amber ]1,1["])
def test_a_band_without_numbers_is_refused(empty: str) -> None:
    with pytest.raises(EmptyBand, match=r"the amber band from . to . holds no number"):
        check_bands(bands("red ]-,1[", empty, "green [1,-["))


@pytest.mark.parametrize("endless", ["amber [-,1]", "amber [1,-]"])
def test_a_band_cannot_include_an_edge_that_it_does_not_have(endless: str) -> None:
    with pytest.raises(EmptyBand, match="includes an edge that it does not have"):
        check_bands(bands(endless))


@st.composite
def whole(draw: st.DrawFn) -> list[Band]:
    """Bands that hold everything once, in any order."""
    edges = sorted(draw(st.sets(EDGES, max_size=5)))
    with_lower = draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges)))
    lowers = [(None, False), *zip(edges, with_lower, strict=True)]
    uppers = [*((edge, not inside) for edge, inside in zip(edges, with_lower, strict=True)), (None, False)]
    made = [
        Band(
            colour=draw(st.sampled_from(COLOURS)),
            lower=low,
            lower_inclusive=low_in,
            upper=high,
            upper_inclusive=high_in,
        )
        for (low, low_in), (high, high_in) in zip(lowers, uppers, strict=True)
    ]
    return draw(st.permutations(made))


@given(whole(), EDGES)
def test_whole_bands_pass_and_each_value_has_one_band(given: list[Band], value: Decimal) -> None:
    check_bands(given)
    holding = [each for each in given if _holds(each, value)]
    assert holding == [band_of(value, given)]


@given(whole(), st.data())
def test_bands_that_lose_or_double_one_are_refused(given: list[Band], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(given))
    with pytest.raises(TwoBands):
        check_bands([*given, one])
    given.remove(one)
    with pytest.raises(NoBand):
        check_bands(given)


def test_an_edge_moved_by_the_least_step_is_noticed() -> None:
    with pytest.raises(NoBand, match=r"from 1 and below 1\.000000001"):
        check_bands(bands("red ]-,1[", "green [1.000000001,-["))


@given(
    st.lists(
        st.builds(Band, colour=st.sampled_from(COLOURS), lower=EDGES, lower_inclusive=st.booleans(), upper=EDGES),
        max_size=4,
    ),
    EDGES,
)
def test_a_refusal_is_true(given: list[Band], value: Decimal) -> None:
    edges = [
        Band(colour="red", upper=Decimal(-1000)),
        *given,
        Band(colour="green", lower=Decimal(1000), lower_inclusive=True),
    ]
    try:
        check_bands(edges)
    except BandsError:
        return
    assert sum(_holds(each, value) for each in edges) == 1


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("79.999999999", "red"),
        ("80", "amber"),
        ("90", "amber"),
        ("90.000000001", "green"),
        ("-1000", "red"),
        ("1000", "green"),
    ],
)
def test_a_value_on_an_edge_has_the_colour_that_includes_it(value: str, colour: str) -> None:
    assert band_of(Decimal(value), bands("green ]90,-[", "red ]-,80[", "amber [80,90]")).colour == colour


def test_an_edge_is_outside_unless_it_is_included() -> None:
    below, above = Band(colour="red", upper=Decimal(1)), Band(colour="green", lower=Decimal(1))
    with pytest.raises(NoBand, match="no band holds 1"):
        check_bands([below, above])


def test_a_value_in_a_hole_has_no_band() -> None:
    with pytest.raises(NoBand, match="no band holds 1"):
        band_of(Decimal(1), bands("red ]-,1[", "green ]1,-["))


def _holds(each: Band, value: Decimal) -> bool:
    above = each.lower is None or each.lower < value or (each.lower_inclusive and each.lower == value)
    below = each.upper is None or value < each.upper or (each.upper_inclusive and each.upper == value)
    return above and below
