"""The JSON Schema of each event: what a reader of the log can rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from regesta.event import Event

Schema: TypeAlias = dict[str, JsonValue]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Pydantic's remarks for inputs: recorded events may have more members, and `discriminator` is no JSON Schema.
OF_INPUTS = frozenset({"additionalProperties", "discriminator"})


class Published(GenerateJsonSchema):
    """Writes no title that only repeats a member's name."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 the signature is pydantic's
        """Return False: the name is enough."""
        return False


def event_schema(service: str, event: type[Event]) -> Schema:
    """Return the schema of an event's data, complete in itself."""
    schema = _open(event.model_json_schema(schema_generator=Published))
    head: Schema = {"$schema": DIALECT, "$id": f"urn:regesta:{service}:{event.name}"}
    return head | _marks(event) | schema


def shared_schemas(events: Sequence[type[Event]], ref_template: str) -> dict[str, Schema]:
    """Return the schemas of events and of all that they use, by class name; ref_template: where "{model}" will stand."""
    modes: list[tuple[type[Event], JsonSchemaMode]] = [(event, "validation") for event in events]
    _, whole = models_json_schema(modes, ref_template=ref_template, schema_generator=Published)
    schemas = {name: _open(schema) for name, schema in whole["$defs"].items()}
    return schemas | {event.__name__: _marks(event) | schemas[event.__name__] for event in events}


def _marks(event: type[Event]) -> Schema:
    return {"x-withdrawable": True} if event.withdrawable else {}


def _open(schema: Mapping[str, JsonValue]) -> Schema:
    kept = {key: value for key, value in schema.items() if key not in OF_INPUTS or _is_a_schema(key, value)}
    return {key: _opened(value) for key, value in kept.items()}


def _opened(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return _open(value)
        case list():
            return [_opened(each) for each in value]
        case _:
            return value


def _is_a_schema(key: str, value: JsonValue) -> bool:
    return key == "additionalProperties" and isinstance(value, dict)
