"""Where the commands on a frozen letter are addressed; to freeze one, see api.frozen."""

from __future__ import annotations

from typing import Final

from regesta.runtime import CommandRoute
from services.reporting.domain.submission import ApproveLetter, CorrectLetter, SubmitLetter, ValidateLetter

ROUTES: Final = (
    CommandRoute("PUT", "/letters/{note}/{year}/validations/{role}", ValidateLetter),
    CommandRoute("PUT", "/letters/{note}/{year}/approvals/{role}", ApproveLetter),
    CommandRoute("PUT", "/letters/{note}/{year}/submission", SubmitLetter),
    CommandRoute("PUT", "/letters/{note}/{year}/corrections/{correction}", CorrectLetter),
)
