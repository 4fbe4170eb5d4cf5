"""From a file of facts to commands: the note, its nodes, and what is printed under each of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from pydantic import TypeAdapter, ValidationError

from cli.importing.contents import Contents
from cli.importing.errors import Fault, FileRefused, NoSlug
from cli.importing.file import FactsFile, PolicyNote, Tree
from cli.importing.indicators import map_indicators
from cli.importing.lines import map_lines
from cli.importing.plan import Facts, Item, Kind, Plan, Spot, Wanted, held, text_of
from contracts.allocation import EntitySlug
from contracts.types import Section, Slug
from regesta.problem import shown
from services.objectives.domain.note import OpenNote, PrintSection, RegisterObjective

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
        faults = [Fault("/policy_note", each["msg"], shown(each["input"])) for each in error.errors()]
        raise FileRefused(faults) from error
    key = Facts(note).key("", "policy_note", printed, None)
    return Wanted("objectives", command, f"{key}/{command.name}", ("/policy_note",))


def ids_of(file: FactsFile, note: str) -> dict[str, str]:
    """Return the ids that objectives and actions get when their codes are not known yet, by code."""
    facts = Facts(note)
    return {node.code: facts.id(node.code) for node in file.objectives if node.level != "year-section"}


def registrations(file: FactsFile, note: str, ids: Mapping[str, str], codes: frozenset[str]) -> Plan:
    """Return the commands that register the objectives and actions with these codes. ids: by code, those above them for certain."""
    facts, tree, plan = Facts(note), Tree(file), Plan()
    for spot in _spots(file, ids):
        if spot.node.code in codes:
            plan.add(spot.pointer, spot.node.level, partial(_register, spot, tree, facts, ids))
    return plan


def plan_of(file: FactsFile, note: str, entity: str, ids: Mapping[str, str]) -> Plan:
    """Return the items of a file and the commands that record what is printed under its objectives.

    ids: of the objectives and actions, by code. The same file in another order gives the same commands. Raises AssertionError
    when a piece of the file is lost.
    """
    plan = Plan([Item("/policy_note", "policy_note", reason=_backwards(file.policy_note))])
    if file.about is not None:
        plan.items.append(Item("/about", "about", "as_printed", "a remark on the file itself: it is not recorded"))
    facts = Facts(note)
    spots = list(_spots(file, ids))
    contents = Contents(file, facts, plan)
    for spot in spots:
        kind: Kind = spot.node.level
        plan.add(spot.pointer, kind, partial(_map_node, spot, facts, file.policy_note))
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


def _map_node(spot: Spot, facts: Facts, note: PolicyNote) -> tuple[Item, list[Wanted]]:
    wanted: list[Wanted] = []
    if spot.node.level == "year-section":
        item, wanted = _map_section(spot, facts)
    else:
        item = _with_year(Item(spot.pointer, spot.node.level), spot)
    own = spot.section is not None and (spot.node.year, spot.node.kind) == (spot.section.year, spot.section.kind)
    remark = _elsewhere(spot.section, note) if own else None
    return replace(item, reason="; ".join(filter(None, (item.reason, remark))) or None), wanted


def _backwards(note: PolicyNote) -> str | None:
    """Return a remark on a note that plans no year after the one that it gives account of; it is recorded as printed."""
    realised, planned = note.realised_year, note.planned_year
    if realised is None or planned is None or realised < planned:
        return None
    return f"the note gives account of {realised} and plans {planned}: one of the two may be a slip"


def _elsewhere(section: Section | None, note: PolicyNote) -> str | None:
    """Return a remark on a section that is neither the account nor the plan of the note's own years."""
    if section is None:
        return None
    year = note.realised_year if section.kind == "realised" else note.planned_year
    if year is None or year == section.year:
        return None
    letter = "gives account of" if section.kind == "realised" else "plans"
    return f"the note's {section.kind} year is {year}: what stands here is in the letter that {letter} {section.year}"


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
