"""What a field can be: text in several languages, a statement that may be empty, money, years, names and ids. Pure."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Final, Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict
from typing_extensions import TypeAliasType

from regesta.event import EVENT_NAME

T = TypeVar("T")

# Amounts stay exact in JSON readers that know only doubles, and far below PostgreSQL's bigint.
MOST_CENTS = 2**53 - 1
LONGEST_TEXT: Final = 10_000
LONGEST_REF: Final = 200
LONGEST_NAME: Final = 80
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
# Unicode's categories of what a reader does not see, what ends a line, and what no reader knows: private or of no meaning yet.
UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Zl", "Zp"})
# What else its property Default_Ignorable_Code_Point has: joiners, fillers and selectors that pass for letters and marks; and the blank of braille.
IGNORABLE: Final = frozenset(
    chr(point)
    for first, last in (
        (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
    )
    for point in range(first, last + 1)
)  # fmt: skip
SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
DECIMAL = r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?$"
DECIMAL_TEXT = re.compile(DECIMAL)
# The same in Python, in JavaScript and in Rust: some text, no NUL.
ANY_TEXT = r"^[^\u0000]*$"
SOME_TEXT = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
SOME_ADDRESSABLE_TEXT = r"^[^/\u0000]*[^\s/\u0000][^/\u0000]*$"


class OutOfBounds(ValueError):
    """More or less than a field takes."""

    code = "out-of-range"


class UnseenCharacter(ValueError):
    """A character that is not seen: a line break, one that turns the text around it, one that only chooses a glyph."""

    code = "control-character"


class Value(BaseModel):
    """A value inside an event or a command. Inputs refuse unknown members; a registry that reads a log does not."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _without_nul(text: str) -> str:
    # PostgreSQL cannot store it.
    index = text.find("\0")
    if index >= 0:
        raise ValueError(f"the character at index {index} is NUL in {text!r}")
    return text


def _missing_when_blank(text: str | None) -> str | None:
    return None if text is None else _without_nul(text).strip() or None


def _on_one_line(text: str) -> str:
    for index, character in enumerate(text):
        if unicodedata.category(character) in UNSEEN or character in IGNORABLE:
            raise UnseenCharacter(f"the character at index {index} is U+{ord(character):04X} in {text!r}")
    return text


def _addressable(reference: str) -> str:
    if "/" in reference or reference in {".", ".."}:
        raise ValueError(f"{reference!r} stands in addresses, so it holds no '/' and is neither '.' nor '..'")
    return reference


# Words in whichever language they were said, trimmed.
Words: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    AfterValidator(_without_nul),
    WithJsonSchema({"type": "string", "pattern": SOME_TEXT}),
]
# A reference of another system or a document: a payment's number, a visa, a case number.
Ref: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REF),
    AfterValidator(_without_nul),
    WithJsonSchema({"type": "string", "pattern": SOME_TEXT, "maxLength": LONGEST_REF}),
]
# A reference by which a fact is addressed: in the path, where '/' would part it in two.
PathRef: TypeAlias = Annotated[
    Ref,
    AfterValidator(_on_one_line),
    AfterValidator(_addressable),
    WithJsonSchema({"type": "string", "pattern": SOME_ADDRESSABLE_TEXT, "maxLength": LONGEST_REF}),
]
# Exactly as it stands in a document: not even trimmed.
Printed: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1),
    AfterValidator(_without_nul),
    WithJsonSchema({"type": "string", "pattern": ANY_TEXT, "minLength": 1}),
]
# As a command takes them. What is recorded already is read at any length, and with any character.
BoundedRef: TypeAlias = Annotated[Ref, AfterValidator(_on_one_line)]
BoundedWords: TypeAlias = Annotated[Words, StringConstraints(max_length=LONGEST_TEXT)]
BoundedPrinted: TypeAlias = Annotated[Printed, StringConstraints(max_length=LONGEST_TEXT)]
# A word or two: what a value is measured in, where it is from.
ShortWords: TypeAlias = Annotated[Words, StringConstraints(max_length=LONGEST_REF), AfterValidator(_on_one_line)]

Language: TypeAlias = Literal["fr", "nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "nl", "en")

Slug: TypeAlias = Annotated[str, StringConstraints(pattern=f"^{SLUG}$", max_length=LONGEST_NAME)]
NoteSlug: TypeAlias = Slug
UnitSlug: TypeAlias = Slug
# The name of a rule that a reported fact breaks: the code of the error that a decision would have met.
RuleName: TypeAlias = Slug

# Ids of streams, in canonical lower case.
Uuid: TypeAlias = Annotated[str, StringConstraints(pattern=UUID, to_lower=True)]
ObjectiveId: TypeAlias = Uuid
DossierId: TypeAlias = Uuid
PartyId: TypeAlias = Uuid
RecommendationId: TypeAlias = Uuid
RegulationId: TypeAlias = Uuid
ConventionId: TypeAlias = Uuid
CommitmentId: TypeAlias = Uuid
IndicatorId: TypeAlias = Uuid

EventName: TypeAlias = Annotated[str, StringConstraints(pattern=EVENT_NAME.pattern)]

Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Count: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MOST_CENTS)]
Round: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=99)]
Year: TypeAlias = Annotated[int, Field(strict=True, ge=FIRST_YEAR, le=LAST_YEAR)]
# Parts per million: 20 % is 200,000.
Ppm: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
# Integer euro cents. Named, so that Stated[Cents] has a readable name in a schema.
Cents = TypeAliasType("Cents", Annotated[int, Field(strict=True, ge=0, le=MOST_CENTS)])
PositiveCents = TypeAliasType("PositiveCents", Annotated[int, Field(strict=True, ge=1, le=MOST_CENTS)])


def _exact(number: object) -> Decimal:
    # A float has lost digits before anybody looks, and `true` is no number.
    match number:
        case Decimal():
            return number
        case str() if DECIMAL_TEXT.fullmatch(number):
            return Decimal(number)
    raise ValueError(f"{number!r} is no decimal number in a string, such as '12.5'")


# A decimal number, in JSON always a string with the digits as given; `12.50` stays `12.50`.
Number = TypeAliasType(
    "Number",
    Annotated[
        Decimal,
        Field(max_digits=27, decimal_places=9),
        BeforeValidator(_exact),
        PlainSerializer(lambda number: format(number, "f"), return_type=str),
        WithJsonSchema({"type": "string", "pattern": DECIMAL}),
    ],
)


# At least one language must be there; JSON Schema says it like this.
_SOME_LANGUAGE: Final[JsonDict] = {
    "anyOf": [
        {"required": [language], "properties": {language: {"type": "string", "pattern": SOME_TEXT}}}
        for language in LANGUAGES
    ]
}
Translation: TypeAlias = Annotated[
    str | None,
    AfterValidator(_missing_when_blank),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": ANY_TEXT}, {"type": "null"}]}),
]


class Text(Value):
    """Text in one or more of the three languages. A blank one counts as missing; a missing one is shown as missing."""

    model_config = ConfigDict(json_schema_extra=_SOME_LANGUAGE)

    fr: Translation = None
    nl: Translation = None
    en: Translation = None

    @model_validator(mode="after")
    def _has_a_language(self) -> Self:
        # Runs again wherever a text becomes part of a model, so it is kept cheap.
        if self.fr is None and self.nl is None and self.en is None:
            raise ValueError("a text needs at least one of 'fr', 'nl' and 'en'")
        return self

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that it is written in, in the order fr, nl, en."""
        return tuple(language for language in LANGUAGES if self.get(language) is not None)

    def get(self, language: Language) -> str | None:
        """Return the text in this language, None when it is missing."""
        match language:
            case "fr":
                return self.fr
            case "nl":
                return self.nl
            case "en":
                return self.en


def _bounded(text: Text) -> Text:
    for language in text.languages:
        length = len(text.get(language) or "")
        if length > LONGEST_TEXT:
            raise OutOfBounds(f"the {language} text has {length} characters, more than {LONGEST_TEXT}")
    return text


BoundedText: TypeAlias = Annotated[Text, AfterValidator(_bounded)]


class Known(Value, Generic[T]):
    """A value that was stated."""

    state: Literal["known"]
    value: T


class Empty(Value):
    """No value, said by its kind.

    none: stated that there is none (Néant / geen). pending: still to be filled in. not_applicable: nothing to fill in.
    unknown: not reported; never 0.
    """

    state: Literal["none", "pending", "not_applicable", "unknown"]


class ByReference(Value):
    """The value stands elsewhere ("Voir A"). where: the place, as it is called there."""

    state: Literal["by_reference"]
    where: Words


Stated = TypeAliasType(
    "Stated", Annotated[Known[T] | Empty | ByReference, Field(discriminator="state")], type_params=(T,)
)

NONE: Final = Empty(state="none")
PENDING: Final = Empty(state="pending")
NOT_APPLICABLE: Final = Empty(state="not_applicable")
UNKNOWN: Final = Empty(state="unknown")


def known(value: T) -> Known[T]:
    """Return the statement of a value. Validated against its type when it becomes part of an event."""
    return Known(state="known", value=value)


def by_reference(where: str) -> ByReference:
    """Return the statement that the value stands at another place."""
    return ByReference(state="by_reference", where=where)


SectionKind: TypeAlias = Literal["realised", "planned"]


class Section(Value):
    """A year-section of a letter: the account of a year or the plan for it."""

    year: Year
    kind: SectionKind


class Place(Value):
    """Where something is printed. document: its title or number; line: of its text version; both from 1."""

    document: Words
    page: Annotated[int, Field(strict=True, ge=1)] | None = None
    line: Annotated[int, Field(strict=True, ge=1)] | None = None


class Origin(Value):
    """The system of record that reported a fact. reference: what the fact is called there."""

    system: Slug
    reference: Ref | None = None
