"""Short names of a letter's parts, for titles, contents and what a screen reader hears."""

from __future__ import annotations

from typing import Final

from contracts.types import Language, Place, Text
from services.reporting.domain.figure import Figure
from services.reporting.domain.letter import Action, Note, Objective
from services.reporting.render.words.official import EMPTY

LONGEST: Final = 60


def nearest(text: Text, language: Language) -> tuple[str, Language]:
    """Return a text in a language, or in the first one it is written in, with that language."""
    for choice in (language, *text.languages):
        said = text.get(choice)
        if said is not None:
            return said, choice
    raise AssertionError(text)  # a Text has at least one language


def name(part: Objective | Action, language: Language) -> str:
    """Return the code of an objective or action with its title, shortened."""
    title = short_title(part.title, language)
    return f"{part.code.value} {title}" if part.code.value else title


def short_title(title: Figure[Text], language: Language, longest: int = LONGEST) -> str:
    """Return a title in a language, cut at a word; "untitled" when there is none."""
    return cut(nearest(title.value, language)[0], longest) if title.value else EMPTY["no_title"].get(language)


def note_name(note: Note, language: Language) -> str:
    """Return what a note is called in a breadcrumb: its reference, else its title, else its slug."""
    if note.reference.value:
        return f"Note {note.reference.value}" if language != "nl" else f"Nota {note.reference.value}"
    return short_title(note.title, language, 40) if note.title.value else note.slug


def place_words(place: Place) -> str:
    """Return where something is printed: its page and line, or the document where it names neither."""
    where = [f"{name}\N{NO-BREAK SPACE}{number}" for name, number in (("p.", place.page), ("l.", place.line)) if number]
    return ", ".join(where) or place.document


def cut(text: str, longest: int) -> str:
    """Return a text of at most so many characters, ending in … at a word when it had to be cut."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:-\N{EN DASH}") + "…"
