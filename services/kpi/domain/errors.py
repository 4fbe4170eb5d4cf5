"""Why the kpi service refuses. One class per rule; `code` becomes the problem type. Pure.

BadInput
├── BandsUncovered         422  some number is in no band; the message names it
├── BandsOverlap           422  some number is in two bands
└── BandEmpty              422  a band that holds no number
NotFound
└── UnknownIndicator       404
Forbidden
└── NotProvider            403  measured by someone who does not act for the unit that provides it
Refused
├── IndicatorRetired       409
├── IndicatorInUse         409  registered in error, but something still hangs on it
├── NotPlaced              409  removed from where it never stood
├── RevisionTooEarly       409
├── MeasuredByEvents       409  measured by hand, but defined as computed from events
├── NotMeasurement         409  a correction of what is no measurement that stands
├── MeasurementCorrected   409  corrected or withdrawn, but corrected already
└── Differs
    ├── IndicatorDiffers   409
    ├── PlacementDiffers   409
    ├── ThresholdDiffers   409
    ├── MeasurementDiffers 409
    ├── CorrectionDiffers  409
    └── RetirementDiffers  409
"""

from __future__ import annotations

from regesta.errors import BadInput, Differs, Forbidden, NotFound, Refused


class BandsUncovered(BadInput):
    """Bands that leave some number without a colour."""

    code = "bands-uncovered"
    status = 422


class BandsOverlap(BadInput):
    """Bands that give some number two colours."""

    code = "bands-overlap"
    status = 422


class BandEmpty(BadInput):
    """A band that holds no number, or includes an edge that it does not have."""

    code = "band-empty"
    status = 422


class UnknownIndicator(NotFound):
    """Nobody defined an indicator with this id."""

    code = "unknown-indicator"


class NotProvider(Forbidden):
    """Only the unit that provides an indicator measures it."""

    code = "not-provider"


class IndicatorRetired(Refused):
    """The indicator is measured no more."""

    code = "indicator-retired"


class IndicatorInUse(Refused):
    """An indicator registered in error still stands under an objective or has facts that stand."""

    code = "indicator-in-use"


class NotPlaced(Refused):
    """The indicator never stood under this objective and section."""

    code = "not-placed"


class RevisionTooEarly(Refused):
    """A revision for a year before the indicator's first one."""

    code = "revision-too-early"


class MeasuredByEvents(Refused):
    """The indicator is computed from events; nobody measures it by hand."""

    code = "measured-by-events"


class NotMeasurement(Refused):
    """The named event is no measurement of this indicator that stands."""

    code = "not-measurement"


class MeasurementCorrected(Refused):
    """The measurement is corrected already: its correction is what can be withdrawn."""

    code = "measurement-corrected"


class IndicatorDiffers(Differs):
    """The same id is defined otherwise."""

    code = "indicator-differs"


class PlacementDiffers(Differs):
    """The indicator stands there, or was removed, as printed at another place or at another time."""

    code = "placement-differs"


class ThresholdDiffers(Differs):
    """The same thresholds are recorded with another `occurred`."""

    code = "threshold-differs"


class MeasurementDiffers(Differs):
    """The same period and dimensions were measured otherwise: correct that measurement."""

    code = "measurement-differs"


class CorrectionDiffers(Differs):
    """The same measurement was corrected to another value: correct the correction."""

    code = "correction-differs"


class RetirementDiffers(Differs):
    """The indicator is retired for another reason."""

    code = "retirement-differs"
