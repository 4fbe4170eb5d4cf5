"""Why budget refuses. A decision meets the error; a reported fact is recorded with its code among the `breaches`. Pure.

NotFound
├── UnknownLine, UnknownCommitment, UnknownConvention, UnknownPayment, UnknownClaim, UnknownRecovery
├── UnknownReceipt, UnknownAssignment
BadInput
├── SameLine                 a transfer of a line to itself
├── TotalTooLarge            a total beyond what whole cents are kept for
Differs                      the same reference with other content
├── LineDiffers, VoteDiffers, TransferDiffers, AssignmentDiffers
├── ConventionDiffers, TerminationDiffers
├── CommitmentDiffers, DecommitmentDiffers, ClaimDiffers, PaymentDiffers, ReversalDiffers, RecoveryDiffers, ReceiptDiffers
Refused                      a rule of money
├── ReceiptLine, ExpenditureLine
├── ExceedsCredits, CreditsBelowUse, NotVoted
├── ExceedsCommitment, NothingCommitted, StillLiquidated, PaymentBeforeCommitment, ExceedsPayment
├── TranchesDiffer, RepeatedTranche, NotWhole, NotFirstYear
├── ExceedsConvention, OvercommitsConvention, ExceedsAdvance, ExceedsTranches, ConventionEnded, OtherDossier
├── RejectedClaim, ExceedsClaim, ClaimPaid, ExceedsLiquidated, ExceedsRecovery, ExceedsRight
"""

from __future__ import annotations

from regesta.errors import BadInput, Differs, NotFound, Refused


class UnknownLine(NotFound):
    """No such budget line was opened."""

    code = "unknown-line"


class UnknownCommitment(NotFound):
    """Nothing was committed under this id."""

    code = "unknown-commitment"


class UnknownConvention(NotFound):
    """No convention was signed under this id."""

    code = "unknown-convention"


class UnknownPayment(NotFound):
    """The commitment has no payment of this reference."""

    code = "unknown-payment"


class UnknownClaim(NotFound):
    """The commitment has no claim of this reference."""

    code = "unknown-claim"


class UnknownRecovery(NotFound):
    """The commitment has no recovery of this reference."""

    code = "unknown-recovery"


class UnknownReceipt(NotFound):
    """No right was established under this id."""

    code = "unknown-receipt"


class UnknownAssignment(NotFound):
    """The objective has no assignment of this id."""

    code = "unknown-assignment"


class SameLine(BadInput):
    """A transfer needs two lines."""

    code = "same-line"
    status = 422


class TotalTooLarge(BadInput):
    """A total would be beyond what whole cents are kept for; no real amount comes near."""

    code = "total-too-large"
    status = 422


class LineDiffers(Differs):
    """The line is open with another label or treatment in the national accounts, or since another time."""

    code = "line-differs"


class VoteDiffers(Differs):
    """Other credits were voted for the line and year; what changes them is an adjustment."""

    code = "vote-differs"


class TransferDiffers(Differs):
    """The reference stands for another transfer in one of the two ledgers."""

    code = "transfer-differs"


class AssignmentDiffers(Differs):
    """The assignment or its end is recorded with other content."""

    code = "assignment-differs"


class ConventionDiffers(Differs):
    """The convention was signed with other content; what changes it is an amendment."""

    code = "convention-differs"


class TerminationDiffers(Differs):
    """The convention was terminated for another reason or at another time."""

    code = "termination-differs"


class CommitmentDiffers(Differs):
    """The commitment is recorded with other content."""

    code = "commitment-differs"


class DecommitmentDiffers(Differs):
    """The decommitment is recorded with other content."""

    code = "decommitment-differs"


class ClaimDiffers(Differs):
    """The claim is recorded with other content."""

    code = "claim-differs"


class PaymentDiffers(Differs):
    """The payment is recorded with other content."""

    code = "payment-differs"


class ReversalDiffers(Differs):
    """The reversal of the payment or of the commitment is recorded with other content."""

    code = "reversal-differs"


class RecoveryDiffers(Differs):
    """The recovery is recorded with other content."""

    code = "recovery-differs"


class ReceiptDiffers(Differs):
    """The right is recorded with other content."""

    code = "receipt-differs"


class ReceiptLine(Refused):
    """A line of receipts takes no credits, commitments or payments."""

    code = "receipt-line"


class ExpenditureLine(Refused):
    """A line of expenditure takes no receipts."""

    code = "expenditure-line"


class ExceedsCredits(Refused):
    """More would be used than the line's credits of the year, after transfers."""

    code = "exceeds-credits"


class CreditsBelowUse(Refused):
    """The line would be left with less credits than are used."""

    code = "credits-below-use"


class NotVoted(Refused):
    """Credits that were never voted cannot be adjusted."""

    code = "not-voted"


class ExceedsCommitment(Refused):
    """More than is outstanding on the commitment: committed - decommitted - liquidated."""

    code = "exceeds-commitment"


class NothingCommitted(Refused):
    """Nothing of the commitment is left to take back."""

    code = "nothing-committed"


class StillLiquidated(Refused):
    """Payments stand on the commitment; they are reversed before it."""

    code = "still-liquidated"


class PaymentBeforeCommitment(Refused):
    """A payment cannot use the credits of a year before that of its commitment."""

    code = "payment-before-commitment"


class ExceedsPayment(Refused):
    """More would be reversed than was paid."""

    code = "exceeds-payment"


class TranchesDiffer(Refused):
    """The tranches do not add up to the amount of the convention."""

    code = "tranches-differ"


class RepeatedTranche(Refused):
    """A year has more than one tranche."""

    code = "repeated-tranche"


class NotWhole(Refused):
    """A multi-year convention is committed whole."""

    code = "not-whole"


class NotFirstYear(Refused):
    """A multi-year convention is committed in the year of its first tranche."""

    code = "not-first-year"


class ExceedsConvention(Refused):
    """More would be paid than the amount of the convention."""

    code = "exceeds-convention"


class OvercommitsConvention(Refused):
    """More would be committed under a convention, in all its commitments, than its amount."""

    code = "overcommits-convention"


class ExceedsAdvance(Refused):
    """More would be paid in advance than the convention's part for it."""

    code = "exceeds-advance"


class ExceedsTranches(Refused):
    """More would be paid by the end of a year than the convention's tranches up to it."""

    code = "exceeds-tranches"


class ConventionEnded(Refused):
    """The convention was terminated: it is not amended, and nothing more is committed or paid in advance under it."""

    code = "convention-ended"


class OtherDossier(Refused):
    """The convention belongs to another dossier."""

    code = "other-dossier"


class RejectedClaim(Refused):
    """The claim was rejected."""

    code = "rejected-claim"


class ExceedsClaim(Refused):
    """More would be paid on a claim than it asks."""

    code = "exceeds-claim"


class ClaimPaid(Refused):
    """A claim with payments cannot be rejected."""

    code = "claim-paid"


class ExceedsLiquidated(Refused):
    """More would be owed back than was liquidated."""

    code = "exceeds-liquidated"


class ExceedsRecovery(Refused):
    """More would come in than is owed back."""

    code = "exceeds-recovery"


class ExceedsRight(Refused):
    """More would come in than the right that was established."""

    code = "exceeds-right"
