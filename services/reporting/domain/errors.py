"""Why reporting refuses to answer. Pure."""

from __future__ import annotations

from regesta.errors import BadInput, Differs, Forbidden, NotFound, Refused


class UnknownNote(NotFound):
    """No policy note of this name was open at the cut."""

    code = "unknown-note"


class UnknownLetter(NotFound):
    """The note had no letter of this year at the cut."""

    code = "unknown-letter"


class NotFrozen(NotFound):
    """Nobody froze this letter."""

    code = "not-frozen"


class LetterNotKept(NotFound):
    """The letter is frozen, but after a recovery its document is not here; to freeze it again as of its cut brings it back."""

    code = "letter-not-kept"


class LetterIncomplete(Refused):
    """Not everything up to the cut has arrived here and is read: a letter without it would be frozen for good."""

    code = "letter-incomplete"


class LetterDiffers(Differs):
    """The letter is frozen already: as of another cut, or with other content."""

    code = "letter-differs"


class OtherLetter(Refused):
    """The letter is frozen as another than the one spoken of: read what is frozen first."""

    code = "other-letter"


class NotInRole(Forbidden):
    """Who validates does so in a role that the token must have."""

    code = "not-in-role"


class NotValidated(Refused):
    """A letter is approved once somebody has validated it."""

    code = "not-validated"


class NotApproved(Refused):
    """A letter is submitted once it is approved."""

    code = "not-approved"


class SubmissionDiffers(Differs):
    """The letter was submitted already: to others, or on another day."""

    code = "submission-differs"


class CorrectionDiffers(Differs):
    """A correction of this reference says something else."""

    code = "letter-correction-differs"


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
