"""The colour of a value, by the bands of its year. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.bands import Band, band_of
from contracts.kpi import Colour
from contracts.types import Known, Number, Stated


def colour_of(value: Stated[Number], bands: Sequence[Band]) -> Colour:
    """Return the colour of the band that holds a value, exact at its edges. Without a value: no data, never red."""
    return band_of(value.value, bands).colour if isinstance(value, Known) else "no_data"
