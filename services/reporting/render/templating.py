"""The templates, and what they may call. Escaping is always on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from services.reporting.render import filters
from services.reporting.render.moments import STATUS_MARKS
from services.reporting.render.page import PREFIX
from services.reporting.render.words import official, values

INDENTS: Final = re.compile(r"\n\s+")
# Around blocks, parts of tables and of charts not even a line's end is shown.
BLOCKS: Final = "caption|circle|dd|desc|div|dl|dt|figcaption|figure|h[1-6]|li|line|ol|p|path|section|table|tbody|td|text|th|thead|title|tr|ul"
BLOCK_ENDS: Final = re.compile(rf"(</?(?:{BLOCKS})\b[^>]*>)\n|\n(?=</?(?:{BLOCKS})\b)")


class Slim(Extension):
    """Leaves out white space of templates that is not shown, when they are read.

    Done on pages instead, each would be gone through once more: while a whole letter of 12 MB is, nothing else runs.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens of a template, its own text without indents."""
        for token in stream:
            yield token._replace(value=_slim(token.value)) if token.type == "data" else token


def _slim(text: str) -> str:
    return BLOCK_ENDS.sub(r"\1", INDENTS.sub("\n", text))


TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    extensions=[Slim],
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters.update(filters.FILTERS)
TEMPLATES.tests.update(filters.TESTS)
for words in (official, values):
    TEMPLATES.globals.update({name: table for name, table in vars(words).items() if name.isupper()})
TEMPLATES.globals.update(prefix=PREFIX, STATUS_MARKS=STATUS_MARKS)
