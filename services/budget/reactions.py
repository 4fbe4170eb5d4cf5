"""Facts that lead to a command here: the evidence behind a commitment is looked at again whenever a step of its dossier is recorded.

It runs on both sides, for a step may be taken back before the commitment is known here as one of the dossier, or after. Every side asks
for the same: that the finding be the one of what is known now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.commitments import AmountCommitted, AmountDecommitted, CommitmentReversed
from contracts.decisions import ApprovalGranted, ApprovalRefused, ApprovalWithdrawn, OpinionIssued, OpinionOverridden
from regesta.command import Command
from regesta.event import Event, FactWithdrawn, Recorded
from regesta.reaction import Here, Reaction
from services.budget.domain.command import LOG
from services.budget.domain.commitment import CheckEvidence
from services.budget.domain.evidence import DossierEvidence
from services.budget.projections import commitments

NAME: Final = "evidence"
SOURCE: Final = "objectives"


async def on_step(here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """Return a command for each commitment of the dossier that a step is of. Raises NotYet."""
    del event
    if not recorded.stream.startswith(f"{DossierEvidence.prefix}/"):
        return []
    # All that is committed, so that what was decided before this step was known here is looked at too.
    await here.folded(commitments.PROJECTION)
    async with here.reading(commitments.PROJECTION) as db:
        return [CheckEvidence(commitment=each) for each in await commitments.of_dossier(db, recorded.key)]


async def on_commitment(here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """Return the command for a commitment that was made or taken back, whose evidence was seen at an earlier cut."""
    del here, event
    return [CheckEvidence(commitment=recorded.key)]


REACTIONS: Final = (
    Reaction(
        NAME,
        SOURCE,
        (OpinionIssued, OpinionOverridden, ApprovalGranted, ApprovalRefused, ApprovalWithdrawn, FactWithdrawn),
        on_step,
    ),
    Reaction(NAME, LOG, (AmountCommitted, AmountDecommitted, CommitmentReversed), on_commitment),
)
