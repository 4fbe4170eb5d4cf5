"""What the documents for people speak of: links with the names in them, commands with their options, make targets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from typer.core import TyperCommand, TyperGroup

LINK: Final = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)", re.DOTALL)
CODE: Final = re.compile(r"`(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)`")
# A command at the beginning of a line of a block, or in backticks.
COMMAND: Final = re.compile(r"(?:^|`)(?:\.venv/bin/)?regesta (?P<rest>[^`\n]+)", re.MULTILINE)
TARGET: Final = re.compile(
    r"(?:^ *|`)make (?P<target>[a-z-]+)(?:`| [A-Z]+=[a-z]+| ARGS=\"(?P<arguments>[^\"]*)\"|$)", re.MULTILINE
)
MODULE: Final = re.compile(r"python -m (?P<module>[a-z_.]+)")
SETTING: Final = re.compile(r"`(REGESTA_[A-Z_]+)`")
# The code of a problem or a cause, as programs meet it.
CODE_OF_REASON: Final = re.compile(r"`([a-z]+(?:-[a-z]+)+)`")

# In prose a word in capitals is one of these, or stands where a figure is still to come. What people wrote is in quotes.
ABBREVIATIONS: Final = frozenset(
    (
        "CPU",
        "EUR",
        "GB",
        "GET",
        "HTTP",
        "JDK",
        "JSON",
        "NDJSON",
        "OTLP",
        "PUT",
        "RFC",
        "SCRAM",
        "SHA",
        "SIGKILL",
        "SQL",
        "TLS",
        "UTF",
        "URL",
        "UUID",
        "WAL",
    )
)
NOT_PROSE: Final = re.compile(r"```.*?```|^    [^\n]*|`[^`]*`|\]\([^)]*\)|\"[^\"]{,99}\"", re.DOTALL | re.MULTILINE)
CAPITALS: Final = re.compile(r"\b[A-Z]{2,}\b(?!=)")


def links(text: str) -> Iterator[tuple[str, str]]:
    """Yield (text, target) of each link to a file of the project."""
    for found in LINK.finditer(text):
        target = found["target"].partition("#")[0]
        if target and "://" not in target:
            yield found["text"], target


def missing_files(document: Path) -> list[str]:
    """Return the targets of links that are no file or folder."""
    return [target for _, target in links(document.read_text("utf-8")) if not (document.parent / target).exists()]


def missing_names(document: Path) -> list[str]:
    """Return the names in code that a link to a Python file shows and that the file does not define."""
    found = []
    for text, target in links(document.read_text("utf-8")):
        file = document.parent / target
        named = CODE.search(text)
        if file.suffix == ".py" and named is not None and file.exists() and named["name"] not in defined(file):
            found.append(f"{named['name']} in {target}")
    return found


def defined(file: Path) -> set[str]:
    """Return what a module defines: functions, classes with their methods as `Class.method`, constants."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name, body=body):
                names.add(name)
                names |= {
                    f"{name}.{each.name}" for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                }
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass
    return names


def unlinked_names(text: str) -> list[str]:
    """Return the names in code that stand alone in a text, outside links and blocks: classes and functions."""
    without = re.sub(r"```.*?```", "", LINK.sub("", text), flags=re.DOTALL)
    return [found["name"] for found in CODE.finditer(without)]


def stand_ins(text: str) -> list[str]:
    """Return the words of a text's prose that stand in for something, such as figures that were not measured yet."""
    return [word for word in CAPITALS.findall(NOT_PROSE.sub("", text)) if word not in ABBREVIATIONS]


def commands(text: str) -> list[list[str]]:
    """Return the words after `regesta` of each command."""
    joined = text.replace("\\\n", " ")
    return [found["rest"].split() for found in COMMAND.finditer(joined)]


def wrong_in(words: list[str], command: TyperCommand | TyperGroup) -> str | None:
    """Return what a command line names and the command has not; None when all is there."""
    for number, word in enumerate(words):
        if word.startswith("--"):
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            if word not in known:
                return f"{command.name} has no option {word}"
        elif isinstance(command, TyperGroup):
            chosen = command.commands.get(word)
            if not isinstance(chosen, TyperCommand | TyperGroup):
                return f"{command.name} has no command {word}"
            return wrong_in(words[number + 1 :], chosen)
    return None


def make_targets(makefile: Path) -> set[str]:
    """Return the targets that `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*## ", makefile.read_text("utf-8"), re.MULTILINE))
