"""Whatever the documents for people name is there: files, functions, commands, options, targets, settings."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Final

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.commands import app
from cli.installation import services
from cli.problems import answered, of_the_command
from contracts.evidence import VARIABLE
from regesta.reasons import Cause
from regesta.settings import Settings
from tests.docs.names import (
    CODE_OF_REASON,
    MODULE,
    SETTING,
    TARGET,
    commands,
    defined,
    make_targets,
    missing_files,
    missing_names,
    stand_ins,
    unlinked_names,
    wrong_in,
)

TOUR: Final = Path("docs/tour.md")
DOCUMENTS: Final = [Path("README.md"), Path("CHANGELOG.md"), *sorted(Path("docs").rglob("*.md"))]
MAKEFILE: Final = Path("Makefile")
# Of the command line, not of a service.
OF_CLIENTS: Final = {"REGESTA_URL", "REGESTA_TOKEN"}


def operators_command() -> TyperGroup:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    return command


REGESTA: Final = operators_command()
each_how_to = pytest.mark.parametrize("document", sorted(Path("docs/howto").glob("*.md")), ids=str)
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=str)


@each_document
def test_every_link_leads_to_a_file(document: Path) -> None:
    assert missing_files(document) == []


@each_document
def test_every_name_of_a_link_is_defined_in_its_file(document: Path) -> None:
    assert missing_names(document) == []


@each_document
def test_every_command_and_option_exists(document: Path) -> None:
    found = [wrong_in(words, REGESTA) for words in commands(document.read_text("utf-8"))]
    assert [wrong for wrong in found if wrong] == []


@each_document
def test_every_make_target_and_module_exists(document: Path) -> None:
    text = document.read_text("utf-8")
    named = list(TARGET.finditer(text))
    assert {found["target"] for found in named} <= make_targets(MAKEFILE)
    for found in named:
        assert wrong_in(["demo", *(found["arguments"] or "").split()], REGESTA) is None
    assert not [found for found in MODULE.findall(text) if importlib.util.find_spec(found) is None]


@each_document
def test_every_setting_exists(document: Path) -> None:
    known = {f"REGESTA_{name.upper()}" for name in Settings.model_fields} | OF_CLIENTS | {VARIABLE}
    # A service's own setting stands before the common one.
    own = {f"REGESTA_BUDGET_{name.upper()}" for name in Settings.model_fields}
    assert set(SETTING.findall(document.read_text("utf-8"))) <= known | own


@each_how_to
def test_every_problem_and_cause_of_a_how_to_exists(document: Path) -> None:
    services()  # their error classes come with them
    known = {each.code for each in (*answered(), *of_the_command(), *Cause)}
    assert set(CODE_OF_REASON.findall(document.read_text("utf-8"))) <= known


@each_how_to
def test_no_word_of_a_how_to_stands_in_for_a_figure(document: Path) -> None:
    """A new abbreviation is added to ABBREVIATIONS."""
    assert stand_ins(document.read_text("utf-8")) == []


def test_running_it_names_every_setting() -> None:
    told = set(SETTING.findall(Path("docs/howto/run.md").read_text("utf-8")))
    assert {f"REGESTA_{name.upper()}" for name in Settings.model_fields} <= told


def test_the_tour_has_seven_stops_each_with_links_to_code() -> None:
    stops = re.split(r"^## ", TOUR.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert [stop[0] for stop in stops] == list("1234567")
    assert not [stop.splitlines()[0] for stop in stops if "](../" not in stop]


def test_every_other_name_of_the_tour_is_defined_somewhere() -> None:
    code = set().union(
        *(defined(file) for root in ("regesta", "services", "contracts") for file in Path(root).rglob("*.py"))
    )
    names = [name for name in unlinked_names(TOUR.read_text("utf-8")) if name != "log.append"]
    assert len(names) > 2
    assert not [name for name in names if name not in code]


def test_every_decision_is_in_the_index() -> None:
    folder = Path("docs/adr")
    index = (folder / "README.md").read_text("utf-8")
    assert not [file.name for file in folder.glob("0*.md") if f"({file.name})" not in index]


def test_what_is_not_there_is_noticed(tmp_path: Path) -> None:
    """Plants one of each: a file, a function, an option, a command."""
    (tmp_path / "code.py").write_text("class Known:\n    def method(self) -> None: ...\n")
    document = tmp_path / "document.md"
    document.write_text("[`Known.method`](code.py) [`Known.gone`](code.py) [`unknown`](code.py) [x](gone.py)")
    assert missing_files(document) == ["gone.py"]
    assert missing_names(document) == ["Known.gone in code.py", "unknown in code.py"]
    assert stand_ins('TOPIC bytes in 2 GB, `CODE`, SEED=1,\n    BLOCK\n[TODO](TOUR.md) "by RBC", PGCPU µs') == [
        "TOPIC",
        "TODO",
        "PGCPU",
    ]
    told = commands("run `regesta lag --json` and\nregesta replay budget a/b \\\n  --until 3\nregesta import nothing")
    assert [wrong_in(words, REGESTA) for words in told] == [
        None,
        "replay has no option --until",
        "import has no command nothing",
    ]
