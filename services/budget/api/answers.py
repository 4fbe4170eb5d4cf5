"""What the reads of budget answer: rows of the read models, and what they speak of."""

from __future__ import annotations

from regesta.view import AsOf
from services.budget.projections.assignments import AssignedOut, PrintedOut
from services.budget.projections.claims import ClaimOut, RecoveryOut
from services.budget.projections.commitments import CommitmentOut
from services.budget.projections.conventions import ConventionOut
from services.budget.projections.figure import Figure
from services.budget.projections.ledgers import EntryOut, LedgerOut
from services.budget.projections.lines import LineOut
from services.budget.projections.payments import PaymentOut
from services.budget.projections.receipts import ReceiptsOut


class LinesAnswer(AsOf):
    """Some lines, by their key."""

    lines: tuple[LineOut, ...]


class LineAnswer(AsOf):
    """One line."""

    line: LineOut


class YearAnswer(AsOf):
    """The credits of a line in a year, its receipts, and what is expected to be liquidated."""

    ledger: LedgerOut
    receipts: ReceiptsOut
    forecast: Figure


class EntriesAnswer(AsOf):
    """Facts of a ledger in the order in which they were recorded."""

    entries: tuple[EntryOut, ...]


class ForecastAnswer(AsOf):
    """What is expected to be liquidated for a dossier in a year."""

    forecast: Figure


class ObjectiveLinesAnswer(AsOf):
    """What was said of the budget of an objective; nothing for one of which nothing was said."""

    objective: str
    lines: tuple[AssignedOut, ...]
    printed: tuple[PrintedOut, ...]


class ConventionsAnswer(AsOf):
    """Some conventions, by their id."""

    conventions: tuple[ConventionOut, ...]


class ConventionAnswer(AsOf):
    """One convention."""

    convention: ConventionOut


class CommitmentsAnswer(AsOf):
    """Some commitments, by their id."""

    commitments: tuple[CommitmentOut, ...]


class CommitmentAnswer(AsOf):
    """One commitment with what happened on it."""

    commitment: CommitmentOut
    payments: tuple[PaymentOut, ...]
    claims: tuple[ClaimOut, ...]
    recoveries: tuple[RecoveryOut, ...]
