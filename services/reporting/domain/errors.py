"""Why reporting refuses to answer. Pure."""

from __future__ import annotations

from regesta.errors import BadInput, NotFound


class UnknownNote(NotFound):
    """No policy note of this name was open at the cut."""

    code = "unknown-note"


class UnknownObjective(NotFound):
    """No objective of this id was open at the cut."""

    code = "unknown-objective"


class UnknownEvent(NotFound):
    """No event of this name has arrived here."""

    code = "unknown-event"


class NotAcceptable(BadInput):
    """The answer exists in none of the forms that were asked for."""

    code = "not-acceptable"
    status = 406
