import json
from datetime import date
from pathlib import Path
from typing import Final

from cli.importing.file import read_file
from cli.importing.mapping import ids_of, slug_of
from cli.story import read_story
from contracts.dates import ImpreciseDate
from regesta.command import Command
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES

EXAMPLES: Final = Path(__file__).parents[3] / "examples"
COMMANDS: Final[dict[str, dict[str, type[Command]]]] = {
    service.name: dict(service.commands()) for service in (OBJECTIVES, BUDGET, KPI)
}


def test_each_line_of_the_story_is_a_command_of_its_service_with_its_own_key() -> None:
    story = read_story(EXAMPLES / "contract-13th-series.ndjson")
    assert len({str(line["key"]) for line in story}) == len(story)
    for line in story:
        kind = COMMANDS[str(line["service"])][str(line["command"])]
        assert kind.model_validate(line["data"]).stream


def test_the_story_happens_under_objectives_of_the_sample() -> None:
    file = read_file(EXAMPLES / "territorial-2023-2024.json")
    ids = ids_of(file, slug_of(file, None))
    story = (EXAMPLES / "contract-13th-series.ndjson").read_text("utf-8")
    opened = [line["data"] for line in map(json.loads, story.splitlines()) if line["command"] == "open-dossier"]
    assert {objective for dossier in opened for objective in dossier["objectives"]} == {
        ids["IV.1.1"],
        ids["IV.1.1.1.A"],
        ids["IV.1.1.2.A"],
    }


def test_each_fact_of_the_story_says_when_it_happened_and_no_dossier_goes_back_in_time() -> None:
    last: dict[str, date] = {}
    for line in read_story(EXAMPLES / "contract-13th-series.ndjson"):
        command = COMMANDS[str(line["service"])][str(line["command"])].model_validate(line["data"])
        assert isinstance(command.occurred, ImpreciseDate), line["key"]
        earliest = command.occurred.earliest
        assert earliest is not None
        assert last.get(command.stream, earliest) <= earliest, line["key"]
        last[command.stream] = earliest
