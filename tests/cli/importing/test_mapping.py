import json
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from cli.importing.errors import NoSlug
from cli.importing.file import FactsFile, Tree, parse
from cli.importing.mapping import entity_of, ids_of, open_note, plan_of, registrations, slug_of
from cli.importing.plan import Item, Plan, Wanted, held
from regesta.command import Command
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from tests.cli.importing.shapes import files

SAMPLE: Final = Path(__file__).parents[3] / "examples" / "territorial-2023-2024.json"
COMMANDS: Final[dict[str, dict[str, type[Command]]]] = {
    service.name: dict(service.commands()) for service in (OBJECTIVES, BUDGET, KPI)
}


def read(document: JsonValue) -> FactsFile:
    return parse(json.dumps(document).encode())


def sample() -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = json.loads(SAMPLE.read_text("utf-8"))
    return document


def mapped(file: FactsFile, note: str = "sport") -> tuple[Plan, list[Wanted]]:
    """Return the plan, and all commands with those that open the note and its objectives."""
    ids = ids_of(file, note)
    plan = plan_of(file, note, entity_of(note, None), ids)
    early = [registrations(file, note, ids, codes) for codes in Tree(file).generations()]
    refused = {item.pointer: item for each in early for item in each.items if item.outcome == "refused"}
    plan.items = [refused.get(item.pointer, item) for item in plan.items]
    return plan, [open_note(file, note), *(wanted for each in early for wanted in each.commands), *plan.commands]


def sent(wanted: Wanted) -> str:
    return json.dumps([wanted.service, wanted.command.name, wanted.key, wanted.data()], sort_keys=True)


def one(node: dict[str, JsonValue], **note: JsonValue) -> tuple[list[Item], list[Wanted]]:
    """Return the items and commands of what stands under the one node of a file."""
    whole: JsonValue = {
        "policy_note": {"title": {"fr": "Sport"}, "realised_year": 2023, "planned_year": 2024, **note},
        "objectives": [{"code": "1", "level": "strategic", **node}],
    }
    plan, _ = mapped(read(whole))
    return [item for item in plan.items if item.pointer not in {"/policy_note", "/objectives/0"}], plan.commands


def leaves(document: JsonValue, at: str = "") -> Iterator[str]:
    """Yield the pointer of each value that is printed: neither null nor blank, nor an empty list."""
    match document:
        case dict():
            for name, value in document.items():
                yield from leaves(value, f"{at}/{name}")
        case list():
            for index, value in enumerate(document):
                yield from leaves(value, f"{at}/{index}")
        case None:
            pass
        case str() if not document.strip():
            pass
        case _:
            yield at


@settings(max_examples=60, deadline=None)
@given(files())
def test_each_printed_value_of_any_file_belongs_to_one_item(document: dict[str, JsonValue]) -> None:
    file = read(document)
    plan, _ = mapped(file)
    pointers = Counter(item.pointer for item in plan.items)
    assert Counter(item.kind for item in plan.items) == held(file)
    assert all(count == 1 for count in pointers.values())
    for leaf in leaves(document):
        steps = leaf.split("/")
        assert any("/".join(steps[:n]) in pointers for n in range(2, len(steps) + 1)), leaf
    assert all(item.reason for item in plan.items if item.outcome != "as_is")


@settings(max_examples=60, deadline=None)
@given(files(), st.randoms(use_true_random=False))
def test_a_reordered_file_is_the_same_file(document: dict[str, JsonValue], chance: random.Random) -> None:
    _, before = mapped(read(document))
    nodes = document["objectives"]
    assert isinstance(nodes, list)
    chance.shuffle(nodes)
    for node in nodes:
        assert isinstance(node, dict)
        for name in ("budget_lines", "indicators", "amounts_in_text", "dated_facts"):
            listed = node[name]
            assert isinstance(listed, list)
            chance.shuffle(listed)
    _, after = mapped(read(document))
    assert Counter(map(sent, before)) == Counter(map(sent, after))


@settings(max_examples=60, deadline=None)
@given(files())
def test_each_command_of_any_file_has_its_own_key_and_is_one_of_its_service(document: dict[str, JsonValue]) -> None:
    _, commands = mapped(read(document))
    keys = [(wanted.service, wanted.key) for wanted in commands]
    assert len(set(keys)) == len(keys)
    assert all(0 < len(wanted.key) <= 500 for wanted in commands)
    for wanted in commands:
        kind = COMMANDS[wanted.service][wanted.command.name]
        assert kind.model_validate(json.loads(json.dumps(wanted.data()))) == wanted.command


def test_the_sample_becomes_what_the_table_says() -> None:
    file = read(sample())
    plan, commands = mapped(file, slug_of(file, None))
    assert Counter(wanted.command.name for wanted in commands) == {
        "open-note": 1,
        "register-objective": 25,
        "print-section": 36,
        "report-status": 11,
        "set-deadline": 17,
        "estimate-staff": 18,
        "state-field": 18,
        "open-line": 32,
        "assign-line": 142,
        "define-indicator": 24,
        "place-indicator": 24,
        "print-threshold": 23,
        "set-bands": 1,
        "print-amount": 13,
        "print-fact": 209,
    }
    assert Counter(item.outcome for item in plan.items) == {
        "as_is": 408,
        "repaired": 79,
        "as_printed": 28,
    }


def test_an_action_stands_under_the_objective_and_in_its_section() -> None:
    file = read(sample())
    ids = ids_of(file, "note")
    (first,) = [wanted.data() for wanted in registrations(file, "note", ids, frozenset({"IV.1.1.1.A"})).commands]
    assert first["parent"] == ids["IV.1.1"]
    assert first["section"] == {"year": 2023, "kind": "realised"}


def test_an_action_under_an_action_comes_after_it_and_in_its_section() -> None:
    nodes: JsonValue = [
        {"code": "0.C", "level": "action", "parent": "1.B"},
        {"code": "1.B", "level": "action", "parent": "1.1"},
        {"code": "1.1", "level": "year-section", "parent": "1", "year": 2023, "kind": "realised"},
        {"code": "1", "level": "operational"},
    ]
    file = read({"policy_note": {"title": {"fr": "S"}}, "objectives": nodes})
    assert Tree(file).generations() == [{"1"}, {"1.B"}, {"0.C"}]
    ids = ids_of(file, "s")
    (wanted,) = registrations(file, "s", ids, frozenset({"0.C"})).commands
    assert wanted.data()["parent"] == ids["1.B"]
    assert wanted.data()["section"] == {"year": 2023, "kind": "realised"}


def test_two_headings_of_one_section_are_both_printed() -> None:
    section: dict[str, JsonValue] = {"level": "year-section", "parent": "1", "year": 2023, "kind": "realised"}
    nodes: JsonValue = [
        {"code": "1", "level": "operational"},
        {"code": "1.1", "title": {"fr": "Réalisations"}, **section},
        {"code": "1.3", "title": {"fr": "Réalisations, suite"}, **section},
    ]
    _, commands = mapped(read({"policy_note": {"title": {"fr": "S"}}, "objectives": nodes}))
    printed = [wanted.data() for wanted in commands if wanted.command.name == "print-section"]
    assert [each["code"] for each in printed] == ["1.1", "1.3"]
    assert [each["title"] for each in printed] == [{"fr": "Réalisations"}, {"fr": "Réalisations, suite"}]


@pytest.mark.parametrize(
    ("year", "kind", "remark"),
    [
        (2023, "realised", None),
        (2024, "planned", None),
        (
            2022,
            "realised",
            "the note's realised year is 2023: what stands here is in the letter that gives account of 2022",
        ),
        (2025, "planned", "the note's planned year is 2024: what stands here is in the letter that plans 2025"),
    ],
)
def test_a_section_of_another_year_has_a_remark(year: int, kind: str, remark: str | None) -> None:
    nodes: JsonValue = [
        {"code": "1", "level": "operational"},
        {"code": "1.1", "level": "year-section", "parent": "1", "year": year, "kind": kind, "fte": 1},
    ]
    note: JsonValue = {"title": {"fr": "S"}, "realised_year": 2023, "planned_year": 2024}
    plan, _ = mapped(read({"policy_note": note, "objectives": nodes}))
    found = {item.pointer: (item.outcome, item.reason) for item in plan.items}
    assert found["/objectives/1"] == ("as_is", remark)


def test_ids_depend_on_note_and_code_only() -> None:
    file = read(sample())
    assert ids_of(file, "a")["IV.1"] == ids_of(read({**sample(), "about": None}), "a")["IV.1"]
    assert ids_of(file, "a")["IV.1"] != ids_of(file, "b")["IV.1"]


def test_content_of_a_known_code_goes_to_its_objective() -> None:
    file = read({"policy_note": {"title": {"fr": "S"}}, "objectives": [{"code": "1", "level": "strategic", "fte": 2}]})
    known = "0b7e9a52-0000-4000-8000-000000000001"
    (command,) = plan_of(file, "s", "unstated-s", {"1": known}).commands
    assert command.data()["objective"] == known


@pytest.mark.parametrize(
    ("printed", "outcome", "line"),
    [
        ("33.001.07.01.1111", "as_is", "33.001.07.01.1111"),
        ("33.001.0701.1111", "repaired", "33.001.07.01.1111"),
        ("33 001 07 01 1111", "repaired", "33.001.07.01.1111"),
        ("02.004.27.3.4340", "repaired", "02.004.27.03.4340"),
    ],
)
def test_a_readable_code_opens_its_line_once(printed: str, outcome: str, line: str) -> None:
    items, commands = one({"budget_lines": [{"allocation": printed}, {"allocation": printed}]})
    (opening, *assigned) = sorted(commands, key=lambda wanted: not wanted.early)
    assert [item.outcome for item in items] == [outcome, outcome]
    assert (opening.command.name, opening.data()["line"]) == ("open-line", f"unstated-sport.{line}")
    assert opening.data().get("repaired_from") == (None if outcome == "as_is" else printed)
    assert [each.command.name for each in assigned] == ["assign-line", "assign-line"]
    assert assigned[0].data()["as_printed"] == printed
    assert assigned[0].data()["assignment"] != assigned[1].data()["assignment"]


def test_an_unreadable_code_is_kept_as_printed_with_its_amount() -> None:
    items, (command,) = one({"budget_lines": [{"allocation": "01.002.08.08", "commitment_eur": 187000}]})
    assert command.command.name == "print-allocation"
    assert command.data()["commitment_cents"] == {"state": "known", "value": 18_700_000}
    assert [(item.outcome, "no budget line" in str(item.reason)) for item in items] == [("as_printed", True)]


@pytest.mark.parametrize(
    ("eur", "cents", "reason"),
    [
        (2141302.02, 214_130_202, None),
        (0, 0, None),
        (0.01, 1, None),
        (90071992547409, 9_007_199_254_740_900, None),
        (12.345, None, "12.345 is no amount in whole cents"),
        (-5, None, "-5 is less than zero"),
        (10**15, None, "1000000000000000 is more than 90071992547409.91, the most that is kept"),
        (1e300, None, f"1{'0' * 300} is more than 90071992547409.91, the most that is kept"),
        (10**14, None, "100000000000000 is more than 90071992547409.91, the most that is kept"),
    ],
)
def test_amounts_are_whole_cents_or_as_printed(eur: float, cents: int | None, reason: str | None) -> None:
    items, (command,) = one({"amounts_in_text": [{"eur": eur, "what": "budget"}]})
    assert command.data().get("amount_cents") == cents
    assert ("amount_as_printed" in command.data()) == (cents is None)
    assert [(item.outcome, item.reason) for item in items] == [("as_is" if reason is None else "as_printed", reason)]


@pytest.mark.parametrize(
    ("fte", "stated", "reason"),
    [
        (0, {"state": "known", "value": "0"}, None),
        (2.5, {"state": "known", "value": "2.5"}, None),
        (-1, {"state": "unknown"}, "-1 is less than zero"),
        (1e300, {"state": "unknown"}, f"1{'0' * 300} has too many digits to be kept as a number"),
        (1e-10, {"state": "unknown"}, "0.0000000001 has too many digits to be kept as a number"),
    ],
)
def test_full_time_equivalents_are_a_number_or_as_printed(fte: float, stated: JsonValue, reason: str | None) -> None:
    (item,), (command,) = one({"fte": fte})
    assert (command.data()["fte"], command.data()["as_printed"]) == (stated, f"{Decimal(str(fte)):f}")
    assert (item.outcome, item.reason) == ("as_is" if reason is None else "as_printed", reason)


@pytest.mark.parametrize("eur", [10**15, 1e300])
def test_an_assignment_beyond_what_is_kept_is_in_the_report(eur: float) -> None:
    line: JsonValue = {"allocation": "33.001.07.01.1111", "commitment_eur": eur, "liquidation_eur": 5}
    items, commands = one({"budget_lines": [line]})
    (assigned,) = [each.data() for each in commands if each.command.name == "assign-line"]
    assert (assigned["commitment_cents"], assigned["liquidation_cents"]) == (
        {"state": "unknown"},
        {"state": "known", "value": 500},
    )
    assert [(item.outcome, "the most that is kept" in str(item.reason)) for item in items] == [("as_printed", True)]


def test_an_amount_without_a_figure_is_as_is() -> None:
    items, (command,) = one({"amounts_in_text": [{"eur": None, "what": "budget"}]})
    assert {"amount_cents", "amount_as_printed"}.isdisjoint(command.data())
    assert items[0].outcome == "as_is"


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2023", "2023"),
        ("2023-03-21", "2023-03-21"),
        ("2023-Q4", "2023-36"),
        ("2023-H1", "2023-40"),
        ("2024-summer", "2024-22"),
        ("2023-start", "2023-37"),
        ("2023-mid", "2023-38"),
        ("2023-end", "2023-39"),
        ("2022-end/2023-start", "2022-39/2023-37"),
        ("2022-09-01/..", "2022-09-01/.."),
        ("--07", "XXXX-07"),
        ("--07-20", "XXXX-07-20"),
        ("2023-02-30", None),
        ("soon", None),
    ],
)
def test_every_date_shape_is_kept(date: str, day: str | None) -> None:
    items, (command,) = one({"dated_facts": [{"date": date, "type": "approval", "what": "Approved"}]})
    assert command.data().get("day") == day
    assert command.data().get("day_as_printed") == (date if day is None else None)
    assert items[0].outcome == ("as_is" if day else "as_printed")


def test_an_unknown_type_is_kept_as_other_with_its_name() -> None:
    items, (command,) = one({"dated_facts": [{"date": "2023", "type": "séance", "what": "Held"}]})
    assert (command.data()["type"], command.data()["type_as_printed"]) == ("other", "séance")
    assert items[0].outcome == "as_printed"


def test_bands_come_only_from_texts_that_cover_everything() -> None:
    table: JsonValue = {"red": "> 60 jours", "green": "≤ 60 jours"}
    hole: JsonValue = {"red": "> 60 jours", "green": "< 60 jours"}
    items, commands = one({"indicators": [table, hole], "year": 2024, "kind": "planned"})
    names = [wanted.command.name for wanted in commands]
    assert names == ["define-indicator", "place-indicator", "print-threshold", "set-bands", *names[:3]]
    assert commands[3].data()["year"] == 2024
    assert [(item.outcome, item.reason) for item in items] == [("as_is", None), ("as_printed", "no band holds 60")]


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ("42 jours", "realised", None),
        ("42 jours", "planned", "the period of the value '42 jours' is not printed"),
        ("42", "realised", "the value '42' is no number in the unit of its bands"),
        ("42¹ jours", "realised", "the value '42¹ jours' is no number in the unit of its bands"),
        ("42 %", "realised", "the value '42 %' is no number in the unit of its bands"),
        ("ongeveer 42", "realised", "the value 'ongeveer 42' is no number in the unit of its bands"),
    ],
)
def test_a_value_is_measured_only_with_its_period_and_unit(value: str, kind: str, reason: str | None) -> None:
    row: JsonValue = {"red": "> 60 jours", "green": "≤ 60 jours", "value": value}
    items, commands = one({"indicators": [row], "year": 2023, "kind": kind})
    assert items[0].reason == reason
    measured = [wanted.data() for wanted in commands if wanted.command.name == "measure-indicator"]
    assert [each["value"] for each in measured] == ([] if reason else [{"state": "known", "value": "42"}])


def test_an_indicator_with_nothing_printed_is_defined_and_placed() -> None:
    items, commands = one({"indicators": [{"name": {"fr": None, "nl": None}}]})
    assert [wanted.command.name for wanted in commands] == ["define-indicator", "place-indicator"]
    assert items[0].outcome == "as_is"


def test_statements_keep_what_they_were_read_from() -> None:
    printed: dict[str, JsonValue] = {
        "status_as_printed": "Arrêté",
        "deadline_as_printed": "bientôt",
        "fte": 2.50,
        "equal_opportunity_as_printed": "Neutre",
    }
    items, commands = one(printed)
    data = {wanted.command.name: wanted.data() for wanted in commands}
    assert (data["report-status"]["status"], data["report-status"]["as_printed"]) == ("other", "Arrêté")
    assert data["set-deadline"]["deadline"] == {"state": "known", "value": {"kind": "text", "text": {"fr": "bientôt"}}}
    assert data["estimate-staff"]["fte"] == {"state": "known", "value": "2.5"}
    assert data["state-field"]["value"] == {"state": "known", "value": {"fr": "Neutre"}}
    assert [item.outcome for item in items] == ["as_printed", "as_printed", "as_is", "as_is"]


def test_a_dutch_note_speaks_dutch() -> None:
    _, commands = one({"deadline_as_printed": "binnenkort"}, title={"nl": "Sport"})
    assert commands[0].data()["deadline"] == {"state": "known", "value": {"kind": "text", "text": {"nl": "binnenkort"}}}


def test_a_section_without_year_is_refused_and_its_content_kept() -> None:
    file = read(
        {
            "policy_note": {"title": {"fr": "Sport"}},
            "objectives": [
                {"code": "1", "level": "operational", "fte": 1},
                {
                    "code": "1.1",
                    "level": "year-section",
                    "parent": "1",
                    "kind": "planned",
                    "fte": 2,
                    "status_as_printed": "en cours",
                },
            ],
        }
    )
    plan, commands = mapped(file)
    outcomes = {item.pointer: item.outcome for item in plan.items}
    assert outcomes["/objectives/1"] == "refused"
    assert outcomes["/objectives/1/fte"] == "refused"
    assert outcomes["/objectives/1/status_as_printed"] == "as_is"
    assert [wanted.command.name for wanted in commands[2:]] == ["estimate-staff", "report-status"]


def test_a_text_beyond_the_limits_of_the_services_is_refused_alone() -> None:
    facts: JsonValue = [{"type": "other", "what": "x" * 10_001}, {"type": "other", "what": "x"}]
    items, commands = one({"dated_facts": facts})
    assert [item.outcome for item in items] == ["refused", "as_is"]
    assert len(commands) == 1


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Développement territorial et rénovation urbaine", "developpement-territorial-et-renovation-urbaine"),
        ("L’Égalité des chances", "l-egalite-des-chances"),
        (" ".join(["mot"] * 30), "-".join(["mot"] * 20)),
    ],
)
def test_the_slug_is_made_from_the_title(title: str, slug: str) -> None:
    file = read({"policy_note": {"title": {"fr": title}}, "objectives": []})
    assert slug_of(file, None) == slug
    assert slug_of(file, "other") == "other"
    assert entity_of(slug, None) == f"unstated-{slug}"


def test_what_is_no_slug_is_refused() -> None:
    file = read({"policy_note": {"title": {"fr": "???"}}, "objectives": []})
    with pytest.raises(NoSlug, match="--note"):
        slug_of(file, None)
    with pytest.raises(NoSlug, match="'Not A Slug'"):
        slug_of(file, "Not A Slug")
    with pytest.raises(NoSlug, match="'no entity'"):
        entity_of("s", "no entity")


@pytest.mark.parametrize(
    ("realised", "planned", "remark"),
    [
        (2023, 2024, None),
        (2023, None, None),
        (None, 2024, None),
        (2022, 2024, None),
        (2024, 2023, "the note gives account of 2024 and plans 2023: one of the two may be a slip"),
        (2024, 2024, "the note gives account of 2024 and plans 2024: one of the two may be a slip"),
    ],
)
def test_years_the_wrong_way_round_have_a_remark_and_are_recorded(
    realised: int | None, planned: int | None, remark: str | None
) -> None:
    file = read(
        {
            "policy_note": {"title": {"fr": "Sport"}, "realised_year": realised, "planned_year": planned},
            "objectives": [],
        }
    )
    plan, (opening,) = mapped(file)
    assert plan.items == [Item("/policy_note", "policy_note", "as_is", remark)]
    assert (opening.data().get("realised_year"), opening.data().get("planned_year")) == (realised, planned)


def test_the_sample_is_read_as_this() -> None:
    _, commands = mapped(parse(SAMPLE.read_bytes()))
    readings = Counter(each.data()["reading"] for each in commands if each.command.name == "print-fact")
    assert readings == {"done": 83, "planned": 62, "unclear": 38, "target": 22, "unmet": 4}
