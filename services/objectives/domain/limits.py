"""What a grant or a notice lacks under the order of evidence (contracts.evidence), as the refusals of this service. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contracts.decisions import ApprovalGranted
from contracts.evidence import Evidence, Ladder, Missing, MissingRule, before_grant, before_notice
from regesta.errors import EvidenceMissing, Refused
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.errors import (
    AuthorityTooLow,
    BudgetAgreementMissing,
    DecisionMissing,
    OpinionMissing,
    OpinionUnfavourable,
)

REFUSALS: Final[dict[MissingRule, type[Refused]]] = {
    "opinion-missing": OpinionMissing,
    "opinion-unfavourable": OpinionUnfavourable,
    "budget-agreement-missing": BudgetAgreementMissing,
    "authority-too-low": AuthorityTooLow,
    "decision-missing": DecisionMissing,
}


def lacking(dossier: Dossier, granted: ApprovalGranted, ladder: Ladder | None) -> Iterator[Refused]:
    """Yield what a grant lacks for its amount, in the order of evidence."""
    if ladder is None or granted.step != "grant":
        return
    evidence = Evidence.of(dossier.taken.values())
    for missing in before_grant(evidence, granted.authority, granted.amount_cents, ladder):
        yield REFUSALS[missing.rule](missing.words, **_details(missing))


def lacking_notice(dossier: Dossier, ladder: Ladder | None) -> Iterator[Refused]:
    """Yield the refusal of a notice that comes before the steps that its decision needs: one, with all that are missing."""
    assert dossier.opened is not None, "it was commanded"
    if ladder is None or dossier.opened.kind not in ladder.kinds:
        return
    if missing := [*before_notice(Evidence.of(dossier.taken.values()), ladder)]:
        words = "; ".join(each.words for each in missing)
        yield EvidenceMissing(words, tuple(each.rule for each in missing), missing=[each.shown for each in missing])


def _details(missing: Missing) -> dict[str, int | str]:
    details = {"amount_cents": missing.amount_cents, "limit_cents": missing.limit_cents, "round": missing.round}
    return {name: value for name, value in details.items() if value is not None}
