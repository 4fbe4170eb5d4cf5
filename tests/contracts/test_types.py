from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.types import (
    NONE,
    UNKNOWN,
    BoundedRef,
    Cents,
    EventName,
    Flag,
    Known,
    NoteSlug,
    Number,
    PathRef,
    PositiveCents,
    Ppm,
    Printed,
    Ref,
    Section,
    ShortWords,
    Stated,
    Text,
    Uuid,
    Words,
    Year,
    by_reference,
    known,
)
from regesta.event import Cut, Event, Registry

CENTS: Final[TypeAdapter[int]] = TypeAdapter(Cents)
NUMBER: Final[TypeAdapter[Decimal]] = TypeAdapter(Number)
UUID: Final[TypeAdapter[str]] = TypeAdapter(Uuid)
WORDS: Final[TypeAdapter[str]] = TypeAdapter(Words)
PRINTED: Final[TypeAdapter[str]] = TypeAdapter(Printed)
REF: Final[TypeAdapter[str]] = TypeAdapter(Ref)


class Statement(Event):
    name = "statement.v1"
    amount_cents: Stated[Cents] = UNKNOWN
    title: Stated[Text] = UNKNOWN


@pytest.mark.parametrize("given", [{}, {"fr": None}, {"fr": ""}, {"nl": " \n"}, {"fr": "", "en": "\u00a0"}])
def test_a_text_without_any_language_is_refused(given: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError, match="at least one of 'fr', 'nl' and 'en'"):
        Text.model_validate(given)


def test_a_blank_translation_is_a_missing_one() -> None:
    text = Text(fr=" Quartiers ", nl=" ")
    assert text == Text(fr="Quartiers")
    assert (text.get("fr"), text.get("nl"), text.get("en"), text.languages) == ("Quartiers", None, None, ("fr",))


def test_a_text_in_an_unknown_language_is_refused_from_outside() -> None:
    with pytest.raises(ValidationError, match=r"de\s+Extra inputs are not permitted"):
        Text.model_validate({"fr": "oui", "de": "ja"})


@pytest.mark.parametrize("kind", [WORDS, PRINTED, REF])
def test_nul_is_refused_with_its_place(kind: TypeAdapter[str]) -> None:
    with pytest.raises(ValidationError, match="the character at index 2 is NUL"):
        kind.validate_python("ab\0c")


def test_nul_is_refused_in_a_text() -> None:
    with pytest.raises(ValidationError, match="the character at index 2 is NUL"):
        Text(fr="oui", nl="ab\0c")


@pytest.mark.parametrize(("kind", "kept"), [(WORDS, "a b"), (REF, "a b"), (PRINTED, "  a b ")])
def test_words_are_trimmed_but_print_is_kept(kind: TypeAdapter[str], kept: str) -> None:
    assert kind.validate_python("  a b ") == kept
    with pytest.raises(ValidationError):
        kind.validate_python("")


@pytest.mark.parametrize("kind", [WORDS, REF])
def test_words_are_not_blank(kind: TypeAdapter[str]) -> None:
    with pytest.raises(ValidationError):
        kind.validate_python(" \t")


def test_a_reference_has_at_most_200_characters() -> None:
    assert REF.validate_python("x" * 200) == "x" * 200
    with pytest.raises(ValidationError):
        REF.validate_python("x" * 201)


@pytest.mark.parametrize("bad", ['"5"', "true", "5.0", "-1", "9007199254740992", "null", "NaN"])
def test_cents_are_whole_numbers_from_zero(bad: str) -> None:
    with pytest.raises(ValidationError):
        CENTS.validate_json(bad)


@given(st.integers(0, 2**53 - 1))
def test_cents_survive_json(cents: int) -> None:
    assert CENTS.validate_json(CENTS.dump_json(cents)) == cents


def test_positive_cents_are_not_zero() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PositiveCents).validate_python(0)


@pytest.mark.parametrize(("kind", "least", "most"), [(TypeAdapter(Year), 1900, 2199), (TypeAdapter(Ppm), 0, 1_000_000)])
def test_a_bounded_number_holds_its_edges_and_nothing_beyond(kind: TypeAdapter[int], least: int, most: int) -> None:
    assert (kind.validate_python(least), kind.validate_python(most)) == (least, most)
    for bad in (least - 1, most + 1, str(least), float(most), True):
        with pytest.raises(ValidationError):
            kind.validate_python(bad)


@pytest.mark.parametrize("bad", ["0", "1", '"true"', "null"])
def test_a_flag_is_nothing_but_a_boolean(bad: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Flag).validate_json(bad)


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=9))
def test_a_number_keeps_its_digits_in_json(number: Decimal) -> None:
    text = NUMBER.dump_json(number)
    assert NUMBER.validate_json(text) == number
    assert text == f'"{number:f}"'.encode()


@pytest.mark.parametrize(
    "bad",
    [
        "12.5",
        "12",
        "true",
        '"NaN"',
        '"Infinity"',
        '"1e5"',
        '"01"',
        '"1,5"',
        '" 1"',
        '"0.0000000001"',
        '"+1"',
        '"1."',
        '""',
    ],
)
def test_a_number_is_a_plain_decimal_in_a_string(bad: str) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_json(bad)


def test_a_number_given_in_python_is_bounded_too() -> None:
    assert NUMBER.dump_json(NUMBER.validate_python(Decimal("1E+5"))) == b'"100000"'
    for bad in ("1E+999999", "NaN", "1E-10"):
        with pytest.raises(ValidationError):
            NUMBER.validate_python(Decimal(bad))


def test_a_uuid_becomes_lower_case() -> None:
    assert UUID.validate_python("0193A5C0-7B1E-7000-8000-0123456789AB") == "0193a5c0-7b1e-7000-8000-0123456789ab"


@pytest.mark.parametrize(
    "bad", ["", "0193a5c07b1e700080000123456789ab", "{0193a5c0-7b1e-7000-8000-0123456789ab}", "0193a5c0"]
)
def test_a_uuid_has_one_form(bad: str) -> None:
    with pytest.raises(ValidationError):
        UUID.validate_python(bad)


@pytest.mark.parametrize("bad", ["", "A", "a b", "-a", "a-", "a--b", "é", "a.b", "a/b", "a" * 81, "a\n"])
def test_a_slug_is_lower_case_words_joined_by_hyphens(bad: str) -> None:
    assert TypeAdapter(NoteSlug).validate_python("urban-renewal-2") == "urban-renewal-2"
    with pytest.raises(ValidationError):
        TypeAdapter(NoteSlug).validate_python(bad)


@pytest.mark.parametrize("bad", ["budget", "budget:0", "budget:01", "budget:-1", "Budget:1", ":1", "budget:1 "])
def test_an_event_has_a_service_and_a_position(bad: str) -> None:
    assert TypeAdapter(EventName).validate_python("budget:1234") == "budget:1234"
    with pytest.raises(ValidationError):
        TypeAdapter(EventName).validate_python(bad)


def test_a_cut_names_positions_by_log() -> None:
    adapter: TypeAdapter[dict[str, int]] = TypeAdapter(Cut)
    assert adapter.validate_json('{"objectives": 812, "budget": 0}') == {"objectives": 812, "budget": 0}
    for bad in ('{"budget": "1"}', '{"budget": -1}', '{"Budget": 1}'):
        with pytest.raises(ValidationError):
            adapter.validate_json(bad)


@pytest.mark.parametrize("kind", ["planned", "realised"])
def test_a_section_is_a_year_and_a_kind(kind: str) -> None:
    assert Section.model_validate({"year": 2024, "kind": kind}).kind == kind
    with pytest.raises(ValidationError):
        Section.model_validate({"year": 2024, "kind": "done"})


def test_a_known_value_is_written_with_its_state() -> None:
    event = Statement(amount_cents=known(500), title=known(Text(nl="Wijken")))
    assert event.model_dump_json(exclude_none=True) == (
        '{"amount_cents":{"state":"known","value":500},"title":{"state":"known","value":{"nl":"Wijken"}}}'
    )
    assert Statement.model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("state", ["none", "pending", "not_applicable", "unknown"])
def test_each_kind_of_empty_is_itself(state: str) -> None:
    event = Statement.model_validate({"amount_cents": {"state": state}})
    assert event.model_dump(exclude={"title"}) == {"amount_cents": {"state": state}}


def test_empty_by_reference_says_where() -> None:
    event = Statement(title=by_reference("A"))
    assert event.model_dump(exclude={"amount_cents"}) == {"title": {"state": "by_reference", "where": "A"}}


def test_what_was_never_stated_is_unknown_not_none_and_not_zero() -> None:
    assert Statement().amount_cents == UNKNOWN
    assert UNKNOWN not in {NONE, Known(state="known", value=0)}


@pytest.mark.parametrize(
    "bad",
    [
        "5",
        "null",
        "{}",
        '{"value": 5}',
        '{"state": "known"}',
        '{"state": "known", "value": -5}',
        '{"state": "known", "value": "5"}',
        '{"state": "none", "value": 5}',
        '{"state": "by_reference"}',
        '{"state": "zero"}',
    ],
)
def test_a_statement_that_is_half_said_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        Statement.model_validate_json(f'{{"amount_cents": {bad}}}')


def test_a_wrong_value_is_refused_when_the_event_is_made() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Statement(amount_cents=known(-1))


def test_members_from_the_future_do_not_hinder_reading_a_log_at_any_depth() -> None:
    text = '{"title": {"state": "known", "value": {"fr": "oui", "de": "ja"}, "since": 1}, "more": 2}'
    event = Registry([Statement]).read("statement.v1", text)
    assert isinstance(event, Statement)
    assert isinstance(event.title, Known)
    assert event.title.value.fr == "oui"
    assert (event.title.value.model_extra, event.title.model_extra) == ({"de": "ja"}, {"since": 1})
    assert event.model_extra == {"more": 2}


def test_members_from_the_future_are_refused_at_any_depth_in_an_input() -> None:
    class Input(BaseModel):
        title: Stated[Text]

    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Input.model_validate({"title": {"state": "known", "value": {"fr": "oui", "de": "ja"}}})


@pytest.mark.parametrize("reference", [TypeAdapter(BoundedRef), TypeAdapter(PathRef), TypeAdapter(ShortWords)])
@pytest.mark.parametrize(
    "unseen",
    [
        *"\n\t\x7f\x85\u00ad\u200b\u2028\u202e\u2066\ufeff",
        *"\u034f\u115f\u1160\u17b4\u2800\u180b\u180f\u3164\ufe00\ufe0f\uffa0",
        *"\ufdd0\ufffe\uffff\U0001ffff\ue000\U000f0000\U000e0001\U000e0100\U000e01ef\U0010ffff",
    ],
)
def test_a_reference_is_one_line_of_what_is_seen(reference: TypeAdapter[str], unseen: str) -> None:
    assert reference.validate_python(" SAP 47-11 é\n") == "SAP 47-11 é"
    with pytest.raises(ValidationError, match=f"index 1 is U[+]{ord(unseen):04X}"):
        reference.validate_python(f"a{unseen}b")


def test_what_is_recorded_is_read_with_any_character() -> None:
    assert TypeAdapter(Ref).validate_python("a\u202e\nb") == "a\u202e\nb"
