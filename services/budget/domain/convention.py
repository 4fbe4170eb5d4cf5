"""Conventions, the agreements with beneficiaries: convention/{id}. What is paid under one never goes beyond its terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, TypeAlias, assert_never

from pydantic import Field

from contracts.commitments import (
    ConventionAmended,
    ConventionCommitted,
    ConventionDrawn,
    ConventionReleased,
    ConventionReturned,
    ConventionSigned,
    ConventionTerminated,
    Part,
    PaymentLiquidated,
    Tranche,
)
from contracts.dates import BoundedDate
from contracts.types import BoundedRef, BoundedWords, ConventionId, DossierId, Origin, PartyId, PositiveCents, Ppm
from regesta.command import Context, Facts, Read, Reference, State, fact, judge, nothing, recorded, repeats
from regesta.errors import Refused
from services.budget.domain.command import BudgetCommand, dossier_reference, party_references
from services.budget.domain.errors import (
    ConventionDiffers,
    ConventionEnded,
    ExceedsAdvance,
    ExceedsConvention,
    ExceedsTranches,
    NotFirstYear,
    NotWhole,
    OvercommitsConvention,
    RepeatedTranche,
    TerminationDiffers,
    TranchesDiffer,
    UnknownConvention,
)

MILLION = 1_000_000
ConventionEvent: TypeAlias = (
    ConventionSigned
    | ConventionAmended
    | ConventionTerminated
    | ConventionCommitted
    | ConventionReleased
    | ConventionDrawn
    | ConventionReturned
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed now. tranches: by year, empty when none are agreed; advance_ppm: None when not said."""

    amount_cents: int
    advance_ppm: int | None
    tranches: tuple[Tranche, ...]

    @property
    def advance_cents(self) -> int | None:
        """The most that may be paid in advance, rounded down; None when not said."""
        return None if self.advance_ppm is None else self.amount_cents * self.advance_ppm // MILLION

    @property
    def multi_year(self) -> bool:
        """Whether it is paid in yearly tranches."""
        return len({tranche.year for tranche in self.tranches}) > 1

    @property
    def first_year(self) -> int:
        """The year of the first tranche; only where some are agreed."""
        return min(tranche.year for tranche in self.tranches)

    def due_cents(self, year: int) -> int:
        """Return the sum of the tranches up to the end of a year: one that is not paid then is paid later, none before."""
        return sum(tranche.amount_cents for tranche in self.tranches if tranche.year <= year)


@dataclass(slots=True)
class Convention(State):
    """A convention. signed: None while it is not.

    committed_cents: by the commitments that name it, net; drawn_cents: paid under it, net, by (part, year).
    """

    prefix: ClassVar[str] = "convention"

    signed: ConventionSigned | None = None
    amended: ConventionAmended | None = None
    ended: ConventionTerminated | None = None
    committed_cents: int = 0
    drawn_cents: dict[tuple[Part, int], int] = field(default_factory=dict)

    @property
    def opening(self) -> ConventionSigned:
        """What opened it; only for one that require_convention returned."""
        assert self.signed is not None
        return self.signed

    @property
    def terms(self) -> Terms:
        """What is agreed now; only for one that require_convention returned."""
        return terms_of(self.amended or self.opening)

    @property
    def paid_cents(self) -> int:
        """All that was paid under it, net."""
        return sum(self.drawn_cents.values())

    @property
    def advanced_cents(self) -> int:
        """What was paid in advance, net."""
        return sum(cents for (part, _), cents in self.drawn_cents.items() if part == "advance")

    def paid_by_cents(self, year: int) -> int:
        """Return what was paid by the end of a year, net."""
        return sum(cents for (_, paid), cents in self.drawn_cents.items() if paid <= year)


Tranches = Annotated[tuple[Tranche, ...], Field(max_length=100)]


class ConventionCommand(BudgetCommand):
    """A command on one convention. origin: the system that reports it; None when it is decided here."""

    convention: ConventionId
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The convention."""
        return Convention.name_of(self.convention)


class SignConvention(ConventionCommand):
    """Record the signature of a convention. Its tranches, if any, add up to its amount."""

    name = "sign-convention"

    dossier: DossierId
    amount_cents: PositiveCents
    parties: Annotated[tuple[PartyId, ...], Field(max_length=1_000)] = ()
    advance_ppm: Ppm | None = None
    tranches: Tranches = ()
    ends_on: BoundedDate | None = None
    reference: BoundedRef | None = None

    def references(self) -> tuple[Reference, ...]:
        """The dossier and the parties must exist."""
        return (*dossier_reference(self.dossier), *party_references(self.parties))


class AmendConvention(ConventionCommand):
    """Change a convention. All terms as they are after it, not the change."""

    name = "amend-convention"

    amount_cents: PositiveCents
    advance_ppm: Ppm | None = None
    tranches: Tranches = ()
    ends_on: BoundedDate | None = None
    reference: BoundedRef | None = None
    reason: BoundedWords | None = None


class TerminateConvention(ConventionCommand):
    """End a convention before its time."""

    name = "terminate-convention"

    reason: BoundedWords


def sign(command: SignConvention, read: Read, context: Context) -> Facts:
    """Return the signature; nothing when it stands. Raises ConventionDiffers, RepeatedTranche, TranchesDiffer."""
    convention = read(Convention, command.convention)
    asked = fact(ConventionSigned, command)
    if recorded(convention.signed, asked, ConventionDiffers):
        return nothing()
    return {convention.stream: [judge(asked, context, _untidy(terms_of(asked)))]}


def amend(command: AmendConvention, read: Read, context: Context) -> Facts:
    """Return the amendment; nothing when it says what the last one said.

    Raises UnknownConvention, TranchesDiffer, and the rule that what was paid or committed already would break.
    """
    convention = require_convention(read, command.convention)
    asked = fact(ConventionAmended, command)
    if repeats(convention.amended, asked):
        return nothing()
    terms = terms_of(asked)
    broken = [*_ended(convention), *_untidy(terms), *_overdrawn(terms, convention, "advance", 0)]
    broken += _overcommitted(terms, convention, 0)
    return {convention.stream: [judge(asked, context, broken)]}


def terminate(command: TerminateConvention, read: Read, context: Context) -> Facts:
    """Return the end; nothing when it stands. Raises UnknownConvention, TerminationDiffers."""
    convention = require_convention(read, command.convention)
    asked = fact(ConventionTerminated, command)
    if recorded(convention.ended, asked, TerminationDiffers):
        return nothing()
    context.require_reporter(command.origin)
    return {convention.stream: [asked]}


def evolve(state: Convention, event: ConventionEvent) -> None:
    """Apply one recorded fact."""
    match event:
        case ConventionSigned():
            state.signed = event
        case ConventionAmended():
            state.amended = event
        case ConventionTerminated():
            state.ended = event
        case ConventionCommitted():
            state.committed_cents += event.amount_cents
        case ConventionReleased():
            state.committed_cents -= event.amount_cents
        case ConventionDrawn():
            _add(state, event, event.amount_cents)
        case ConventionReturned():
            _add(state, event, -event.amount_cents)
        case _:
            assert_never(event)


def require_convention(read: Read, convention: ConventionId) -> Convention:
    """Return a signed convention. Raises UnknownConvention."""
    state = read(Convention, convention)
    if state.signed is None:
        raise UnknownConvention(f"no convention {convention!r} is signed", convention=convention)
    return state


def drawing(convention: Convention, payment: PaymentLiquidated) -> Iterator[Refused]:
    """Yield why a payment may not be made under a convention. After its end what is due is still paid, but no advance."""
    terms = convention.terms
    if payment.part == "advance":
        yield from _ended(convention)
    yield from _overdrawn(terms, convention, payment.part, payment.amount_cents, payment.year)


def committing(convention: Convention, year: int, cents: int) -> Iterator[Refused]:
    """Yield why an amount may not be committed in a year for a convention: never more than its amount, all together.

    A multi-year grant is committed whole, in its first year. After an amendment a part can be, for what was committed
    before stands. After the end of the convention nothing more is.
    """
    terms = convention.terms
    yield from _ended(convention)
    if terms.multi_year and convention.amended is None:
        if cents != terms.amount_cents:
            yield _not_whole(cents, convention)
        if year != terms.first_year:
            yield _not_first_year(year, convention)
    yield from _overcommitted(terms, convention, cents)


def covering(convention: Convention, year: int, cents: int) -> Iterator[Refused]:
    """Yield why a commitment that did not name a convention cannot be paid under it: a multi-year grant is covered whole.

    year, cents: of the commitment, which may have been made before the convention was signed, and for more than it.
    """
    terms = convention.terms
    if convention.amended is not None or not terms.multi_year:
        return
    if cents < terms.amount_cents:
        yield _not_whole(cents, convention)
    if year > terms.first_year:
        yield _not_first_year(year, convention)


def _not_whole(cents: int, convention: Convention) -> NotWhole:
    whole_cents = convention.terms.amount_cents
    return NotWhole(
        f"{cents} cents are not the whole {whole_cents} of the multi-year convention {convention.key!r}",
        convention=convention.key, amount_cents=cents, whole_cents=whole_cents,
    )  # fmt: skip


def _not_first_year(year: int, convention: Convention) -> NotFirstYear:
    first = convention.terms.first_year
    return NotFirstYear(f"{year} is not {first}, the first year of the convention {convention.key!r}", year=year)


def _add(state: Convention, event: ConventionDrawn | ConventionReturned, cents: int) -> None:
    key = (event.part, event.year)
    state.drawn_cents[key] = state.drawn_cents.get(key, 0) + cents


def terms_of(event: ConventionSigned | ConventionAmended) -> Terms:
    """Return what a signature or an amendment agreed."""
    return Terms(event.amount_cents, event.advance_ppm, event.tranches)


def _ended(convention: Convention) -> Iterator[Refused]:
    if convention.ended is not None:
        yield ConventionEnded(f"the convention {convention.key!r} was terminated", convention=convention.key)


def _untidy(terms: Terms) -> Iterator[Refused]:
    """Yield what is wrong with terms by themselves."""
    years = [tranche.year for tranche in terms.tranches]
    twice = next((year for year in years if years.count(year) > 1), None)
    if twice is not None:
        yield RepeatedTranche(f"{twice} has more than one tranche", year=twice)
    total_cents = sum(tranche.amount_cents for tranche in terms.tranches)
    if terms.tranches and total_cents != terms.amount_cents:
        yield TranchesDiffer(
            f"the tranches add up to {total_cents} cents, not {terms.amount_cents}",
            tranches_cents=total_cents, amount_cents=terms.amount_cents,
        )  # fmt: skip


def _overdrawn(terms: Terms, convention: Convention, part: Part, cents: int, year: int = 0) -> Iterator[Refused]:
    """Yield which terms would be exceeded with `cents` more paid as `part` in `year`; with 0 cents: which are now."""
    paid_cents = convention.paid_cents + cents
    if paid_cents > terms.amount_cents:
        yield ExceedsConvention(
            f"{paid_cents} cents are more than the {terms.amount_cents} of the convention {convention.key!r}",
            convention=convention.key, amount_cents=paid_cents, convention_cents=terms.amount_cents,
        )  # fmt: skip
    advanced_cents = convention.advanced_cents + cents
    if part == "advance" and terms.advance_cents is not None and advanced_cents > terms.advance_cents:
        yield ExceedsAdvance(
            f"{advanced_cents} cents in advance are more than the {terms.advance_cents} of {convention.key!r}",
            convention=convention.key, advanced_cents=advanced_cents, advance_cents=terms.advance_cents,
        )  # fmt: skip
    for due in _years(terms, convention, year):
        paid_by_cents = convention.paid_by_cents(due) + cents
        if paid_by_cents > terms.due_cents(due):
            yield ExceedsTranches(
                f"{paid_by_cents} cents by the end of {due} are more than the {terms.due_cents(due)} due by then",
                convention=convention.key, year=due, paid_cents=paid_by_cents, due_cents=terms.due_cents(due),
            )  # fmt: skip
            return


def _overcommitted(terms: Terms, convention: Convention, cents: int) -> Iterator[Refused]:
    """Yield that more would be committed than the amount, with `cents` more; with 0 cents: that it is now."""
    committed_cents = convention.committed_cents + cents
    if committed_cents > terms.amount_cents:
        yield OvercommitsConvention(
            f"{committed_cents} cents committed in all are more than the {terms.amount_cents} of {convention.key!r}",
            convention=convention.key, committed_cents=committed_cents, convention_cents=terms.amount_cents,
        )  # fmt: skip


def _years(terms: Terms, convention: Convention, year: int) -> list[int]:
    """Return the years from `year` on at whose end the tranches bound what was paid."""
    if not terms.tranches:
        return []
    years = {year, *(paid for _, paid in convention.drawn_cents), *(tranche.year for tranche in terms.tranches)}
    return sorted(each for each in years if each >= year)
