from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bands import Band, BandColour
from contracts.kpi import BandsSet
from contracts.types import NONE, NOT_APPLICABLE, PENDING, UNKNOWN, Number, Stated, by_reference, known
from services.kpi.domain.colour import colour_of
from services.kpi.domain.errors import BandEmpty, BandsOverlap, BandsUncovered
from services.kpi.domain.indicator import SetBands
from tests.services.kpi.samples import LIQUIDATED, ONE, STREAM, defined, percent

EDGES = st.decimals(-(10**6), 10**6, places=3)
COLOURS: st.SearchStrategy[BandColour] = st.sampled_from(["red", "amber", "green"])


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("79.999999999", "red"),
        ("80", "amber"),
        ("80.000", "amber"),
        ("89.999999999", "amber"),
        ("90", "green"),
        ("-1", "red"),
        ("999999999999999999", "green"),
    ],
)
def test_a_colour_is_exact_at_the_edges(value: str, colour: str) -> None:
    assert colour_of(percent(value), LIQUIDATED) == colour


@pytest.mark.parametrize("value", [NONE, PENDING, NOT_APPLICABLE, UNKNOWN, by_reference("A")])
def test_no_value_is_no_data_and_never_red(value: Stated[Number]) -> None:
    assert colour_of(value, [Band(colour="red")]) == "no_data"


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Band, ...]:
    """Bands that hold every number once: the line is cut at some places, before or after the number there."""
    cuts = [(edge, draw(st.booleans())) for edge in sorted(draw(st.sets(EDGES, max_size=6)))]
    starts, ends = [None, *cuts], [*cuts, None]
    made = [
        Band(
            colour=draw(COLOURS),
            lower=None if start is None else start[0],
            lower_inclusive=start is not None and not start[1],
            upper=None if end is None else end[0],
            upper_inclusive=end is not None and end[1],
        )
        for start, end in zip(starts, ends, strict=True)
    ]
    return tuple(draw(st.permutations(made)))


def set_bands(bands: tuple[Band, ...]) -> SetBands:
    return SetBands(indicator=ONE, year=2024, level="legal", bands=bands)


@given(partitions(), EDGES)
def test_a_partition_is_set_and_colours_every_value_once(bands: tuple[Band, ...], value: Decimal) -> None:
    assert defined().when(set_bands(bands)) == {STREAM: [BandsSet(year=2024, level="legal", bands=bands)]}
    for probe in (value, *(edge for band in bands for edge in (band.lower, band.upper) if edge is not None)):
        holding = [band.colour for band in bands if _holds(band, probe)]
        assert holding == [colour_of(known(probe), bands)]


@given(partitions(), st.data())
def test_a_hole_is_refused_and_named(bands: tuple[Band, ...], data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from(bands))
    with pytest.raises(BandsUncovered, match=r"^no band holds ") as refusal:
        defined().when(set_bands(tuple(band for band in bands if band is not lost)))
    for edge in (lost.lower, lost.upper):
        assert edge is None or f"{edge:f}" in str(refusal.value)


@given(partitions(), EDGES, EDGES, COLOURS)
def test_one_band_too_many_is_refused(
    bands: tuple[Band, ...], lower: Decimal, upper: Decimal, colour: BandColour
) -> None:
    more = Band(colour=colour, lower=lower, lower_inclusive=True, upper=upper, upper_inclusive=True)
    with pytest.raises(BandsOverlap if lower <= upper else BandEmpty):
        defined().when(set_bands((*bands, more)))


def _holds(band: Band, value: Decimal) -> bool:
    """By the book, not by the code under test."""
    if band.lower is not None and (value < band.lower or (value == band.lower and not band.lower_inclusive)):
        return False
    return band.upper is None or value < band.upper or (value == band.upper and band.upper_inclusive)
