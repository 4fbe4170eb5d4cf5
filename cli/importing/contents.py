"""What is printed under a node: its status, deadline, staff and equality test, its dated facts and its amounts."""

from __future__ import annotations

from functools import partial
from typing import Final, get_args

from cli.importing.file import Amount, DatedFact, FactsFile
from cli.importing.plan import Facts, Item, Kind, Plan, Spot, Wanted, cents_of, odd_amounts
from cli.importing.reading import reading_of
from cli.importing.statements import deadline_of, empty_of, status_of
from contracts.dates import ImpreciseDate
from contracts.objectives import FactType
from contracts.types import DECIMAL_TEXT, UNKNOWN, Section, Text, known
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.objective import (
    EstimateStaff,
    PrintAmount,
    PrintFact,
    ReportStatus,
    SetDeadline,
    StateField,
)

FACT_TYPES: Final = frozenset(get_args(FactType))


class Contents:
    """Maps what is printed under a node: its statements, facts and amounts."""

    def __init__(self, file: FactsFile, facts: Facts, plan: Plan) -> None:
        self._realised_year = file.policy_note.realised_year
        self._facts = facts
        self._plan = plan
        self._said: dict[tuple[Kind, str, Section | None], str] = {}

    def map(self, spot: Spot) -> None:
        """Add all of it to the plan."""
        node = spot.node
        if node.status_as_printed is not None:
            self._plan.add(
                f"{spot.pointer}/status_as_printed", "status", partial(self._status, spot, node.status_as_printed)
            )
        if node.deadline_as_printed is not None:
            self._plan.add(
                f"{spot.pointer}/deadline_as_printed",
                "deadline",
                partial(self._deadline, spot, node.deadline_as_printed),
            )
        if node.fte is not None:
            self._plan.add(f"{spot.pointer}/fte", "staff", partial(self._staff, spot, f"{node.fte:f}"))
        if node.equal_opportunity_as_printed is not None:
            self._plan.add(
                f"{spot.pointer}/equal_opportunity_as_printed",
                "equal_opportunity",
                partial(self._equality, spot, node.equal_opportunity_as_printed),
            )
        for index, fact in enumerate(node.dated_facts):
            pointer = f"{spot.pointer}/dated_facts/{index}"
            self._plan.add(pointer, "dated_fact", partial(self._dated, spot, pointer, fact))
        for index, amount in enumerate(node.amounts_in_text):
            pointer = f"{spot.pointer}/amounts_in_text/{index}"
            self._plan.add(pointer, "amount", partial(self._amount, spot, pointer, amount))

    def _status(self, spot: Spot, printed: str) -> tuple[Item, list[Wanted]]:
        command = ReportStatus(
            objective=spot.objective,
            status=status_of(printed),
            section=spot.section,
            as_printed=printed,
            place=spot.place(),
        )
        reason = f"{printed!r} is no known status" if command.status == "other" else None
        return self._statement(spot, "status", printed, command, reason)

    def _deadline(self, spot: Spot, printed: str) -> tuple[Item, list[Wanted]]:
        deadline = deadline_of(printed, spot.words(printed))
        command = SetDeadline(
            objective=spot.objective,
            deadline=deadline,
            section=spot.section,
            as_printed=printed,
            place=spot.place(),
        )
        in_words = deadline.state == "known" and deadline.value.kind == "text"
        reason = f"no day can be told from {printed!r}" if in_words else None
        return self._statement(spot, "deadline", printed, command, reason)

    def _staff(self, spot: Spot, printed: str) -> tuple[Item, list[Wanted]]:
        fault = _staff_fault(printed)
        command = EstimateStaff.model_validate(
            {
                "objective": spot.objective,
                "fte": known(printed) if fault is None else UNKNOWN,
                "section": spot.section,
                "as_printed": printed,
                "place": spot.place(),
            }
        )
        return self._statement(spot, "staff", printed, command, fault)

    def _equality(self, spot: Spot, printed: str) -> tuple[Item, list[Wanted]]:
        command = StateField(
            objective=spot.objective,
            field="equal_opportunity",
            value=empty_of(printed) or known(spot.words(printed)),
            section=spot.section,
            as_printed=printed,
            place=spot.place(),
        )
        return self._statement(spot, "equal_opportunity", printed, command, None)

    def _statement(
        self, spot: Spot, kind: Kind, printed: str, command: ObjectivesCommand, reason: str | None
    ) -> tuple[Item, list[Wanted]]:
        """Return a statement of which the latest counts: of several for one section only the first is recorded."""
        field = {"staff": "fte"}.get(kind, f"{kind}_as_printed")
        pointer = f"{spot.pointer}/{field}"
        subject = (kind, spot.objective, spot.section)
        if self._said.setdefault(subject, spot.node.code) != spot.node.code:
            reason = f"{printed!r} is said besides what {self._said[subject]!r} says of the same section"
            return Item(pointer, kind, "refused", reason), []
        key = self._facts.key(spot.node.code, field, printed, spot.section)
        wanted = Wanted("objectives", command, f"{key}/{command.name}", (pointer,))
        return Item(pointer, kind, "as_is" if reason is None else "as_printed", reason), [wanted]

    def _dated(self, spot: Spot, pointer: str, fact: DatedFact) -> tuple[Item, list[Wanted]]:
        reasons = []
        day = _day_of(fact.date)
        if day is None and fact.date is not None:
            reasons.append(f"{fact.date!r} cannot be read as a date")
        kind = fact.type.strip()
        if kind not in FACT_TYPES:
            reasons.append(f"{fact.type!r} is no known type and is kept as 'other'")
        section = None if spot.section is None else spot.section.kind
        command = PrintFact.model_validate(
            {
                "objective": spot.objective,
                "type": kind if kind in FACT_TYPES else "other",
                "text": Text(en=fact.what),
                "reading": reading_of(fact.what, kind, day, section, self._realised_year),
                "day": day,
                "day_as_printed": fact.date if day is None else None,
                "type_as_printed": None if kind in FACT_TYPES else fact.type,
                "actor": fact.actor,
                "section": spot.section,
                "place": spot.place(fact.source_line),
            }
        )
        key = self._facts.key(spot.node.code, "dated_facts", fact, spot.section)
        wanted = Wanted("objectives", command, f"{key}/{command.name}", (pointer,))
        if reasons:
            return Item(pointer, "dated_fact", "as_printed", "; ".join(reasons)), [wanted]
        return Item(pointer, "dated_fact"), [wanted]

    def _amount(self, spot: Spot, pointer: str, amount: Amount) -> tuple[Item, list[Wanted]]:
        odd = odd_amounts((amount.eur,))
        command = PrintAmount(
            objective=spot.objective,
            text=Text(en=amount.what),
            amount_cents=cents_of(amount.eur),
            amount_as_printed=None if odd is None else f"{amount.eur:f}",
            section=spot.section,
            place=spot.place(amount.source_line),
        )
        key = self._facts.key(spot.node.code, "amounts_in_text", amount, spot.section)
        wanted = Wanted("objectives", command, f"{key}/{command.name}", (pointer,))
        return Item(pointer, "amount", "as_is" if odd is None else "as_printed", odd), [wanted]


def _staff_fault(printed: str) -> str | None:
    """Return why a number of full-time equivalents is kept as printed only."""
    if printed.startswith("-"):
        return f"{printed} is less than zero"
    return None if DECIMAL_TEXT.fullmatch(printed) else f"{printed} has too many digits to be kept as a number"


def _day_of(printed: str | None) -> ImpreciseDate | None:
    if printed is None:
        return None
    try:
        return ImpreciseDate.from_printed(printed)
    except ValueError:
        return None
