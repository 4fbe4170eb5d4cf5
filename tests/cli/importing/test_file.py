import json
from decimal import Decimal
from pathlib import Path
from typing import Final

import jsonschema_rs
import pytest
from pydantic import JsonValue

from cli.importing.errors import Fault, FileRefused
from cli.importing.file import Tree, natural, parse, read_file, schema
from cli.importing.schema import PUBLISHED, text
from contracts.types import Section

SAMPLE: Final = Path(__file__).parents[3] / "examples" / "territorial-2023-2024.json"
NOTE: Final[JsonValue] = {"title": {"fr": "Note"}}


def faults(*nodes: JsonValue, note: JsonValue = NOTE) -> list[tuple[str, str]]:
    with pytest.raises(FileRefused) as refused:
        parse(json.dumps({"policy_note": note, "objectives": list(nodes)}).encode())
    return [(fault.pointer, fault.message) for fault in refused.value.faults]


def node(code: str, level: str, parent: str | None = None, **more: JsonValue) -> dict[str, JsonValue]:
    return {"code": code, "level": level, "parent": parent, **more}


def test_the_sample_has_all_that_the_note_has() -> None:
    file = read_file(SAMPLE)
    assert len(file.objectives) == 61
    assert sum(len(each.budget_lines) for each in file.objectives) == 142
    assert sum(len(each.indicators) for each in file.objectives) == 24
    assert sum(len(each.dated_facts) for each in file.objectives) == 209
    assert sum(len(each.amounts_in_text) for each in file.objectives) == 13


def test_the_published_schema_is_that_of_the_models() -> None:
    assert PUBLISHED.read_text("utf-8") == text(), "run: python -m cli.importing.schema"


def test_the_published_schema_accepts_the_sample_and_refuses_another_shape() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema())
    document = json.loads(SAMPLE.read_text("utf-8"))
    assert validator.is_valid(document)
    document["objectives"][0]["dated_facts"][0]["when"] = "2024"
    assert [error.message for error in validator.iter_errors(document)] == [
        "Additional properties are not allowed ('when' was unexpected)"
    ]


def test_members_that_are_missing_are_not_printed() -> None:
    file = parse(b'{"policy_note": {"title": {"nl": "Nota"}}, "objectives": [{"code": "1", "level": "strategic"}]}')
    assert (file.objectives[0].title, file.objectives[0].budget_lines) == (None, ())


@pytest.mark.parametrize(
    ("members", "pointer", "said"),
    [
        ({"titel": 1}, "/objectives/0/titel", "Extra inputs are not permitted"),
        ({"level": "goal"}, "/objectives/0/level", "'goal'"),
        ({"fte": "3"}, "/objectives/0/fte", "'3' is no number"),
        ({"fte": True}, "/objectives/0/fte", "True is no number"),
        ({"year": 2023.5}, "/objectives/0/year", "valid integer"),
        ({"status_as_printed": 3}, "/objectives/0/status_as_printed", "valid string"),
        ({"status_as_printed": "a\0b"}, "/objectives/0/status_as_printed", "pattern"),
        ({"title": "Titre"}, "/objectives/0/title", "dictionary"),
        ({"budget_lines": [{}]}, "/objectives/0/budget_lines/0/allocation", "Field required"),
        ({"dated_facts": [{"type": "other", "what": " "}]}, "/objectives/0/dated_facts/0/what", "pattern"),
        ({"indicators": [{"source_line": 0}]}, "/objectives/0/indicators/0/source_line", "greater than or equal to 1"),
    ],
)
def test_each_fault_of_the_shape_is_named_by_its_pointer(
    members: dict[str, JsonValue], pointer: str, said: str
) -> None:
    ((found, message),) = faults({**node("1", "strategic"), **members})
    assert found == pointer
    assert said in message


@pytest.mark.parametrize("number", ["1e15", "-1e15", "1e300", "1e1100"])
def test_a_number_may_be_more_than_is_kept(number: str) -> None:
    assert parse(_with_fte(number)).objectives[0].fte == Decimal(number)


@pytest.mark.parametrize("number", ["1E+1101", "-1E+1101", "1E-1101", "9E+999999"])
def test_a_number_of_more_digits_than_any_double_has_is_refused(number: str) -> None:
    with pytest.raises(FileRefused, match="has more than 1100 digits") as refused:
        parse(_with_fte(number))
    assert [(fault.pointer, fault.value) for fault in refused.value.faults] == [("/objectives/0/fte", number)]


def _with_fte(number: str) -> bytes:
    document = json.dumps({"policy_note": NOTE, "objectives": [{**node("1", "strategic"), "fte": "?"}]})
    return document.replace('"?"', number).encode()


def test_a_fault_has_the_value_as_json() -> None:
    nodes = [
        {**node("1", "strategic"), "fte": "3", "year": 2023.5, "title": {"de": ["a"]}},
        node("2", "operational", "9"),
        {"level": "strategic"},
    ]
    with pytest.raises(FileRefused) as refused:
        parse(json.dumps({"policy_note": NOTE, "objectives": nodes}).encode())
    assert {fault.pointer: fault.value for fault in refused.value.faults} == {
        "/objectives/0/fte": "3",
        "/objectives/0/year": 2023.5,
        "/objectives/0/title/de": ["a"],
        "/objectives/1/parent": "9",
        "/objectives/2/code": None,
    }


def test_all_faults_are_named_at_once() -> None:
    assert [pointer for pointer, _ in faults({"code": 1, "levle": "action"}, note={"title": 3})] == [
        "/objectives/0/code",
        "/objectives/0/level",
        "/objectives/0/levle",
        "/policy_note/title",
    ]


def test_faults_of_shape_and_tree_are_named_together() -> None:
    nodes: list[JsonValue] = [
        {**node("1", "strategic"), "fte": "3", "titel": 1},
        node("1", "operational", "9"),
        node("2", "goal", "3"),
        node("3", "action", "2"),
        {**node("4", "year-section"), "parent": 5},
        {"level": "year-section"},
        node("6", "strategic", "7"),
        node("7", "operational"),
    ]
    found = faults(*nodes, 3, note={"title": {"fr": " "}, "reference": 3})
    assert [pointer for pointer, _ in found] == [
        "/objectives/0/fte",
        "/objectives/0/titel",
        "/objectives/1/code",
        "/objectives/1/parent",
        "/objectives/2/level",
        "/objectives/2/parent",
        "/objectives/3/parent",
        "/objectives/4/parent",
        "/objectives/5/code",
        "/objectives/5/parent",
        "/objectives/6/parent",
        "/objectives/8",
        "/policy_note/reference",
        "/policy_note/title",
    ]


def test_the_schema_says_the_rules_of_the_tree() -> None:
    described = text()
    assert "no node is its own ancestor" in " ".join(described.replace("\\n", " ").split())
    assert "no member comes twice" in described


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (
            [node("1", "strategic"), node("1", "strategic")],
            [("/objectives/1/code", "the code '1' comes twice")],
        ),
        (
            [node("1", "strategic"), node("2", "operational", "1"), node("1", "action", "2")],
            [("/objectives/2/code", "the code '1' comes twice")],
        ),
        (
            [node("1", "operational", "9")],
            [("/objectives/0/parent", "the parent '9' is not in the file")],
        ),
        (
            [node("1", "operational", "2"), node("2", "action", "1")],
            [
                ("/objectives/0/parent", "'1' is its own ancestor, through '2'"),
                ("/objectives/1/parent", "'2' is its own ancestor, through '1'"),
            ],
        ),
        (
            [node("1", "strategic", "1")],
            [("/objectives/0/parent", "'1' is its own ancestor, through '1'")],
        ),
        (
            [node("1", "operational"), node("2", "operational", "1")],
            [("/objectives/1/parent", "the parent '1' is operational, which is not above operational")],
        ),
        (
            [node("1", "year-section", year=2023, kind="realised")],
            [("/objectives/0/parent", "the year-section '1' needs a parent")],
        ),
    ],
)
def test_nodes_that_are_no_tree_are_refused(nodes: list[JsonValue], expected: list[tuple[str, str]]) -> None:
    assert faults(*nodes) == expected


def test_a_cycle_above_a_node_is_not_its_own() -> None:
    nodes = [node("1", "operational", "2"), node("2", "action", "1"), node("3", "action", "1")]
    assert [pointer for pointer, _ in faults(*nodes)] == ["/objectives/0/parent", "/objectives/1/parent"]


def test_a_note_without_a_title_is_refused() -> None:
    assert faults(note={"title": {"fr": None, "nl": " "}}) == [
        ("/policy_note/title", "the note needs a title in French or in Dutch")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b'{"policy_note": NaN}', "NaN is no number"),
        (b"[" * 100_000, "no JSON"),
        (b"9" * 5000, "no JSON"),
    ],
)
def test_what_is_no_json_is_refused_whole(text: bytes, said: str) -> None:
    with pytest.raises(FileRefused, match=said) as refused:
        parse(text)
    assert [fault.pointer for fault in refused.value.faults] == [""]


def test_a_member_that_comes_twice_is_a_fault() -> None:
    with pytest.raises(FileRefused) as refused:
        parse(b'{"policy_note": {"title": {"fr": "a", "fr": "b"}}, "objectives": []}')
    assert refused.value.faults == (Fault("/policy_note/title/fr", "the member 'fr' comes twice"),)


def test_parents_may_come_later_and_content_finds_its_section() -> None:
    file = parse(
        json.dumps(
            {
                "policy_note": NOTE,
                "objectives": [
                    node("1.1.A", "action", "1.1.1"),
                    node("1.1.1", "year-section", "1.1", year=2023, kind="realised"),
                    node("1.1", "operational", "1"),
                    node("1", "strategic"),
                ],
            }
        ).encode()
    )
    tree = Tree(file)
    action, section, operational, strategic = file.objectives
    assert tree.from_above() == [strategic, operational, section, action]
    assert tree.objective_of(section) == operational
    assert tree.parent_of(action) == operational
    assert tree.parent_of(strategic) is None
    assert tree.section_of(action) == tree.section_of(section) == Section(year=2023, kind="realised")
    assert tree.section_of(operational) is None


def test_codes_sort_by_their_numbers() -> None:
    assert sorted(["IV.1.10", "IV.1.2", "IV.1.2.A", "IV.1"], key=natural) == ["IV.1", "IV.1.2", "IV.1.2.A", "IV.1.10"]
