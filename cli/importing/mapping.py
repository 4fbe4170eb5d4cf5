"""From a file of facts to commands: the note, its nodes, and what is printed under each of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, get_args

from pydantic import TypeAdapter, ValidationError

from cli.importing.errors import Fault, FileRefused, NoSlug
from cli.importing.file import Amount, DatedFact, FactsFile, Tree
from cli.importing.indicators import map_indicators
from cli.importing.lines import map_lines
from cli.importing.plan import Facts, Item, Kind, Plan, Spot, Wanted, cents_of, held, odd_amounts, text_of
from cli.importing.reading import reading_of
from cli.importing.statements import deadline_of, empty_of, status_of
from contracts.allocation import EntitySlug
from contracts.dates import ImpreciseDate
from contracts.objectives import FactType, Level
from contracts.types import DECIMAL_TEXT, UNKNOWN, Section, Slug, Text, known
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.note import OpenNote, PrintSection, RegisterObjective
from services.objectives.domain.objective import (
    EstimateStaff,
    PrintAmount,
    PrintFact,
    ReportStatus,
    SetDeadline,
    StateField,
)

FACT_TYPES: Final = frozenset(get_args(FactType))
LONGEST_SLUG: Final = 80
SLUGS: Final = TypeAdapter[str](Slug)
ENTITIES: Final = TypeAdapter[str](EntitySlug)


def slug_of(file: FactsFile, asked: str | None) -> str:
    """Return the note's slug: the one asked for, else made from its title. Raises NoSlug."""
    title = file.policy_note.title.fr or file.policy_note.title.nl or ""
    slug = _slugged(title) if asked is None else asked
    return _checked(
        SLUGS, slug, f"{title!r} gives no slug; name one with --note" if asked is None else f"{slug!r} is no slug"
    )


def entity_of(note: str, asked: str | None) -> str:
    """Return the entity of the file's budget lines: the one asked for, else `unstated-{note}`. Raises NoSlug."""
    entity = f"unstated-{note}" if asked is None else asked
    return _checked(ENTITIES, entity, f"{entity!r} is no name of an entity, such as 'urban-brussels'")


def open_note(file: FactsFile, note: str) -> Wanted:
    """Return the command that opens the note. Raises FileRefused when it breaks a limit of the service."""
    printed = file.policy_note
    title = text_of(printed.title)
    assert title is not None  # checked when the file was read
    try:
        command = OpenNote(
            note=note,
            title=title,
            reference=printed.reference,
            legislature=printed.legislature,
            realised_year=printed.realised_year,
            planned_year=printed.planned_year,
        )
    except ValidationError as error:
        raise FileRefused([Fault("/policy_note", each["msg"]) for each in error.errors()]) from error
    key = Facts(note).key("", "policy_note", printed, None)
    return Wanted("objectives", command, f"{key}/{command.name}", ("/policy_note",))


def ids_of(file: FactsFile, note: str) -> dict[str, str]:
    """Return the ids that objectives and actions get when their codes are not known yet, by code."""
    facts = Facts(note)
    return {node.code: facts.id(node.code) for node in file.objectives if node.level != "year-section"}


def registrations(file: FactsFile, note: str, ids: Mapping[str, str], level: Level) -> Plan:
    """Return the commands that register the objectives or actions of one level. ids: at least of the levels above, by code."""
    facts, tree, plan = Facts(note), Tree(file), Plan()
    for spot in _spots(file, ids):
        if spot.node.level == level:
            plan.add(spot.pointer, level, partial(_register, spot, tree, facts, ids))
    return plan


def plan_of(file: FactsFile, note: str, entity: str, ids: Mapping[str, str]) -> Plan:
    """Return the items of a file and the commands that record what is printed under its objectives.

    ids: of the objectives and actions, by code. The same file in another order gives the same commands. Raises AssertionError
    when a piece of the file is lost.
    """
    plan = Plan([Item("/policy_note", "policy_note")])
    if file.about is not None:
        plan.items.append(Item("/about", "about", "refused", "a remark on the file itself, not on the note"))
    facts = Facts(note)
    spots = list(_spots(file, ids))
    contents = _Contents(file, facts, plan)
    for spot in spots:
        kind: Kind = spot.node.level
        plan.add(spot.pointer, kind, partial(_map_node, spot, facts))
        contents.map(spot)
    map_lines(spots, facts, entity, plan)
    year = file.policy_note.planned_year or file.policy_note.realised_year
    map_indicators(spots, facts, year, plan)
    _require_whole(file, plan)
    return plan


def _spots(file: FactsFile, ids: Mapping[str, str]) -> Iterator[Spot]:
    """Yield where each node's content goes, parents first."""
    tree = Tree(file)
    pointers = {node.code: f"/objectives/{index}" for index, node in enumerate(file.objectives)}
    title = file.policy_note.title
    for node in tree.from_above():
        yield Spot(
            node=node,
            pointer=pointers[node.code],
            objective=ids[tree.objective_of(node).code],
            section=tree.section_of(node),
            document=file.policy_note.reference or title.fr or title.nl or "",
            language="nl" if title.fr is None else "fr",
        )


def _register(spot: Spot, tree: Tree, facts: Facts, ids: Mapping[str, str]) -> tuple[Item, list[Wanted]]:
    node, parent = spot.node, tree.parent_of(spot.node)
    assert node.level != "year-section"
    command = RegisterObjective(
        note=facts.note,
        objective=spot.objective,
        level=node.level,
        code=node.code,
        parent=None if parent is None else ids[parent.code],
        title=text_of(node.title),
        section=spot.section if node.level == "action" else None,
        place=spot.place(),
    )
    key = facts.key(node.code, "objectives", node.alone(), spot.section)
    return Item(spot.pointer, node.level), [Wanted("objectives", command, f"{key}/{command.name}", (spot.pointer,))]


def _map_node(spot: Spot, facts: Facts) -> tuple[Item, list[Wanted]]:
    if spot.node.level == "year-section":
        return _map_section(spot, facts)
    return _with_year(Item(spot.pointer, spot.node.level), spot), []


def _map_section(spot: Spot, facts: Facts) -> tuple[Item, list[Wanted]]:
    node = spot.node
    if spot.section is None:
        reason = "a year-section needs its year and kind; what stands in it is kept with its objective"
        return Item(spot.pointer, node.level, "refused", reason), []
    command = PrintSection(
        note=facts.note,
        objective=spot.objective,
        section=spot.section,
        code=node.code,
        title=text_of(node.title),
        place=spot.place(),
    )
    key = facts.key(node.code, "objectives", node.alone(), spot.section)
    return Item(spot.pointer, node.level), [Wanted("objectives", command, f"{key}/{command.name}", (spot.pointer,))]


def _with_year(item: Item, spot: Spot) -> Item:
    """Return the item of an objective or action, saying where a year or kind of its own is not kept with it."""
    node, section = spot.node, spot.section
    own = (node.year, node.kind)
    if own == (None, None) or (node.level == "action" and section is not None and own == (section.year, section.kind)):
        return item
    where = "its objective as a whole" if section is None else f"the {section.kind} {section.year} section"
    return replace(
        item, outcome="as_printed", reason=f"year {node.year}, kind {node.kind}: its content is kept under {where}"
    )


class _Contents:
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
        exact = DECIMAL_TEXT.fullmatch(printed) is not None
        command = EstimateStaff.model_validate(
            {
                "objective": spot.objective,
                "fte": known(printed) if exact else UNKNOWN,
                "section": spot.section,
                "as_printed": printed,
                "place": spot.place(),
            }
        )
        reason = None if exact else f"{printed} has too many decimals to be kept as a number"
        return self._statement(spot, "staff", printed, command, reason)

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


def _day_of(printed: str | None) -> ImpreciseDate | None:
    if printed is None:
        return None
    try:
        return ImpreciseDate.from_printed(printed)
    except ValueError:
        return None


def _require_whole(file: FactsFile, plan: Plan) -> None:
    """Raise AssertionError unless each piece of the file is one item of the plan."""
    counted = dict(held(file))
    found: dict[Kind, int] = {}
    for item in plan.items:
        found[item.kind] = found.get(item.kind, 0) + 1
    if found != counted or len({item.pointer for item in plan.items}) != len(plan.items):
        raise AssertionError(f"the file holds {counted}, the plan {found}")


def _slugged(title: str) -> str:
    letters = unicodedata.normalize("NFKD", title.lower())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    slug = ""
    for word in re.findall(r"[a-z0-9]+", plain):
        longer = f"{slug}-{word}" if slug else word[:LONGEST_SLUG]
        if len(longer) > LONGEST_SLUG:
            break
        slug = longer
    return slug


def _checked(kind: TypeAdapter[str], value: str, message: str) -> str:
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise NoSlug(message) from error
