"""Nothing acknowledged is lost and nothing is doubled, over the feed and over Kafka, whatever fails; `make faults` is the long form."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.checker import check, check_read_models
from tests.faults.faults import FAULTS, PROCESSES
from tests.faults.plants import PLANTS, TWICE, Plant, planted
from tests.faults.report import write
from tests.faults.surviving import survive, system
from tests.faults.systems import Fault, Length, System
from tests.system.conftest import folder

# One at a time and in their order: there is no chance in the short form.
SEED = "none"
SHORT = Length(away=4.0, gone=1.0, rounds=2, pause=0.05)
# That of Kafka is the first wherever it stands, so that pytest knows it for the same system.
NODES = {"kafka": 1, "feed": None}
ANYWHERE = [fault for fault in FAULTS if "feed" in fault.carriers]
OF_BROKERS = [fault for fault in FAULTS if fault not in ANYWHERE]


@pytest.fixture(scope="module")
def here(request: pytest.FixtureRequest) -> Iterator[System]:
    """Run a system over a carrier, for all its faults."""
    with folder() as place, system(place, SHORT, NODES[request.param]) as running:
        yield running
        write(running.outcomes, SEED, f"short-{request.param}")


@pytest.mark.parametrize("here", ["kafka"], indirect=True)
@pytest.mark.parametrize("fault", OF_BROKERS, ids=str)
async def test_nothing_is_missing_and_nothing_doubled_by_a_fault_of_brokers(here: System, fault: Fault) -> None:
    await strike(here, fault)


@pytest.mark.parametrize("here", NODES, indirect=True)
@pytest.mark.parametrize("fault", ANYWHERE, ids=str)
async def test_nothing_is_missing_and_nothing_doubled(here: System, fault: Fault) -> None:
    await strike(here, fault)


async def strike(here: System, fault: Fault) -> None:
    """Survive a fault; callers see no other answers than it says."""
    if not here.is_sound:
        pytest.skip("an earlier fault was not survived")
    if lacks := fault.lacks():
        if fault.is_installed and os.environ.get("CI") == "true":
            pytest.fail(lacks)
        pytest.skip(lacks)
    outcome = await survive(here, [fault])
    assert outcome.seen.keys() <= fault.seen


@pytest.mark.parametrize("here", NODES, indirect=True)
async def test_read_models_are_what_the_logs_give_after_all_of_it(here: System) -> None:
    if not here.outcomes or not here.is_sound:
        pytest.skip("nothing was struck, or not survived")
    await check_read_models(here.apart)


@pytest.fixture(scope="module")
def still(here: System) -> System:
    """Return a system that has survived something, and of which only what the checker asks goes on."""
    if not here.outcomes or not here.is_sound:
        pytest.skip("nothing was struck, or not survived")
    here.apart.stop(*(name for name in PROCESSES if name != "budget api"))
    return here


@pytest.mark.parametrize("here", ["feed"], indirect=True)
@pytest.mark.parametrize("plant", PLANTS, ids=str)
async def test_the_checker_finds_what_is_planted(still: System, plant: Plant) -> None:
    async with planted(still.apart, plant):
        with pytest.raises(AssertionError, match=plant.found):
            await check(still.apart, still.told)
    await check(still.apart, still.told)


@pytest.mark.parametrize("here", ["feed"], indirect=True)
async def test_the_checker_finds_a_row_of_a_read_model_that_is_there_twice(still: System) -> None:
    async with planted(still.apart, TWICE):
        with pytest.raises(AssertionError, match=TWICE.found):
            await check_read_models(still.apart, [change.service for change in TWICE.changes])
