import json
import shutil
from pathlib import Path
from typing import Final

import jsonschema_rs
import pytest
from pydantic import JsonValue, ValidationError

from contracts.catalogue import IN_EVERY_SERVICE, SERVICES
from contracts.generate import INSTEAD, SCHEMAS, UNPUBLISHED, broken, generated, main, published, text
from contracts.kpi import BandsSet
from contracts.schema import Schema
from regesta.event import Event, Registry, Upcast
from tests.contracts.samples import ALL

GENERATED: Final = generated()
KERNEL: Final = {event.name for event in IN_EVERY_SERVICE}
SAMPLES: Final = [(service, sample.type, sample.data) for service, sample in ALL]


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """Return a copy of the committed schemas, to spoil."""
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def spoil(file: Path, old: str, new: str) -> None:
    content = file.read_text("utf-8")
    assert old in content
    file.write_text(content.replace(old, new), "utf-8")


def test_the_committed_documents_are_those_of_the_code() -> None:
    committed = published()
    drifted = [path for path in GENERATED if committed.get(path) != GENERATED[path]]
    assert not drifted, "run python -m contracts.generate"
    assert set(committed) == set(GENERATED), "a document of no event is left"


def test_the_committed_documents_are_written_as_the_generator_writes() -> None:
    for path, schema in GENERATED.items():
        assert (SCHEMAS / path).read_text("utf-8") == text(schema)


def test_the_code_keeps_every_published_promise() -> None:
    assert broken(published(), GENERATED) == {}


def test_generating_anew_changes_nothing(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(schemas) == 0
    assert capsys.readouterr().out == f"0 of {len(GENERATED)} documents written\n"


def test_a_compatible_change_is_written(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = schemas / "budget" / "payment-liquidated.v1.json"
    earlier = json.loads(file.read_text("utf-8"))
    del earlier["properties"]["claim"]
    file.write_text(json.dumps(earlier), "utf-8")
    (schemas / "kpi" / "bands-set.v1.json").unlink()
    assert main(schemas) == 0
    assert capsys.readouterr().out == f"2 of {len(GENERATED)} documents written\n"
    assert published(schemas) == GENERATED


def test_a_breaking_change_is_refused_and_nothing_is_written(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is published has a member and a word that the code no longer knows."""
    file = schemas / "budget" / "payment-liquidated.v1.json"
    spoil(file, '"visa":', '"controller_visa":')
    spoil(file, '"balance"', '"balance", "final"')
    (schemas / "kpi" / "bands-set.v1.json").unlink()
    before = published(schemas)
    assert main(schemas) == 1
    said = capsys.readouterr().err.splitlines()
    assert "budget/payment-liquidated.v1.json#/properties/part/enum: 'final' is no longer allowed" in said
    assert "budget/payment-liquidated.v1.json#/properties/controller_visa: is gone" in said
    assert published(schemas) == before


def test_an_event_that_was_published_cannot_disappear(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(schemas / "kpi" / "bands-set.v1.json", schemas / "kpi" / "bands-drawn.v1.json")
    assert main(schemas) == 1
    assert capsys.readouterr().err.splitlines() == [
        "kpi/bands-drawn.v1.json#: is gone",
        f"nothing is written: {INSTEAD}",
        UNPUBLISHED,
    ]


def test_a_replaced_event_stays_published(
    schemas: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Drawn(Event):
        """Bands were drawn."""

        name = "bands-set.v2"

    others = tuple(event for event in SERVICES["kpi"] if event is not BandsSet)
    monkeypatch.setitem(SERVICES, "kpi", (*others, Drawn))
    assert main(schemas) == 1
    assert "kpi/bands-set.v1.json#: is gone" in capsys.readouterr().err
    Drawn.replaces = (Upcast(BandsSet, lambda _: Drawn()),)
    assert main(schemas) == 0
    assert set(published(schemas)) == {*GENERATED, "kpi/bands-set.v2.json"}
    assert published(schemas)["kpi/bands-set.v1.json"] == GENERATED["kpi/bands-set.v1.json"]
    assert {"bands-set.v1", "bands-set.v2"} <= {*messages_of(published(schemas)["kpi.asyncapi.json"])}


def messages_of(log: Schema) -> dict[str, JsonValue]:
    components = log["components"]
    assert isinstance(components, dict)
    messages = components["messages"]
    assert isinstance(messages, dict)
    return messages


@pytest.mark.parametrize(("service", "kind", "data"), SAMPLES)
def test_a_recorded_event_is_valid_by_its_published_schema(service: str, kind: str, data: dict[str, object]) -> None:
    validator = jsonschema_rs.Draft202012Validator(GENERATED[f"{service}/{kind}.json"], validate_formats=True)
    validator.validate(data)
    validator.validate(data | {"added_later": {"de": "ja"}})


# The kernel's own two are never read from outside.
@pytest.mark.parametrize(("service", "kind", "data"), [sample for sample in SAMPLES if sample[1] not in KERNEL])
def test_the_schema_and_the_class_refuse_the_same(service: str, kind: str, data: dict[str, object]) -> None:
    validator = jsonschema_rs.Draft202012Validator(GENERATED[f"{service}/{kind}.json"], validate_formats=True)
    registry = Registry(SERVICES[service])
    for name, value in data.items():
        for spoiled in (without(data, name), *(data | {name: wrong} for wrong in wrongs(value))):
            assert validator.is_valid(spoiled) == is_read(registry, kind, spoiled), spoiled


def without(data: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in data.items() if key != name}


def wrongs(value: object) -> list[object]:
    """Return values of other types, beyond every bound, and spoiled within."""
    plain: list[object] = [
        None,
        0,
        -1,
        2**60,
        1.5,
        True,
        "",
        " ",
        "\0",
        "x" * 300,
        "2023-13-01",
        [],
        ["\0"],
        {},
        {"state": "odd"},
    ]
    match value:
        case dict():
            inner = [{**value, key: each} for key, old in value.items() for each in wrongs(old)]
            return plain + inner + [{key: each for key, each in value.items() if key != gone} for gone in value]
        case [first, *_]:
            return plain + [[each] for each in wrongs(first)]
        case _:
            return plain


def is_read(registry: Registry, kind: str, data: dict[str, object]) -> bool:
    try:
        return registry.read(kind, json.dumps(data)) is not None
    except ValidationError:
        return False


def test_the_published_schemas_say_which_events_can_be_withdrawn() -> None:
    for service, events in SERVICES.items():
        marked = {path for path, schema in GENERATED.items() if schema.get("x-withdrawable")}
        assert {f"{service}/{event.name}.json" for event in events if event.withdrawable} <= marked


def every_object(schema: object) -> list[Schema]:
    match schema:
        case dict():
            here = [schema] if schema.get("type") == "object" else []
            return here + [found for value in schema.values() for found in every_object(value)]
        case list():
            return [found for value in schema for found in every_object(value)]
        case _:
            return []


def test_every_published_object_is_open_for_members_of_later_releases() -> None:
    for path, schema in GENERATED.items():
        for each in every_object(schema):
            assert "additionalProperties" not in each, path


def test_two_classes_of_one_name_are_noticed() -> None:
    class Doubled(Event):
        name = "payment-liquidated.v1"

    with pytest.raises(ValueError, match=r"two event classes are named 'payment-liquidated\.v1'"):
        Registry(SERVICES["budget"], (Doubled,))
