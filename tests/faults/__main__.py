"""Strike a system of four services at random: `make faults`. SEED repeats a run's choices, FAULTS_ROUNDS says how many follow the first ones.

Over the feed and over three brokers, each fault once by itself, then in random order, some two at a time.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

from rich.console import Console

from tests.faults.checker import check_read_models
from tests.faults.faults import FAULTS
from tests.faults.report import show, write
from tests.faults.surviving import survive, system
from tests.faults.systems import Fault, Length, System

LONG: Final = Length(away=30.0, gone=3.0, rounds=5, pause=0.02)
ROUNDS: Final = 20
NODES: Final = {"feed": None, "kafka": 3}
TWO: Final = 0.4


def strikes(carrier: str, random: Random, rounds: int) -> Iterator[list[Fault]]:
    """Yield each fault by itself, then random ones; two at a time only where neither undoes what the other does."""
    faults = [fault for fault in FAULTS if carrier in fault.carriers and not fault.lacks()]
    for fault in faults:
        yield [fault]
    for _ in range(rounds):
        first = random.choice(faults)
        others = [fault for fault in faults if not fault.touches & first.touches]
        yield [first, random.choice(others)] if others and random.random() < TWO else [first]


async def strike_all(here: System, chosen: Sequence[Sequence[Fault]], console: Console) -> bool:
    """Survive faults, or tell at which one did not; return whether all is well."""
    for number, faults in enumerate(chosen, start=1):
        names = " + ".join(fault.name for fault in faults)
        console.print(f"{here.carrier}, {number} of {len(chosen)}: {names}", highlight=False)
        try:
            await survive(here, faults)
        except Exception:  # noqa: BLE001 - whatever it is, it is what this run was for
            console.print(f"NOT survived: {traceback.format_exc()}", markup=False, highlight=False)
            return False
    try:
        await check_read_models(here.apart)
    except AssertionError as error:
        console.print(f"read models differ: {error}", markup=False, highlight=False)
        return False
    return True


def main() -> int:
    """Strike; return 0 when all was survived."""
    console = Console()
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    rounds = int(os.environ.get("FAULTS_ROUNDS") or ROUNDS)
    console.print(f"SEED={seed}")
    for fault in FAULTS:
        if lacks := fault.lacks():
            console.print(f"left out: {fault.name}: {lacks}", markup=False, highlight=False)
    outcomes, is_well = [], True
    for carrier, nodes in NODES.items():
        chosen = list(strikes(carrier, Random(f"{seed}/{carrier}"), rounds))  # noqa: S311 - repeatable, not secret
        with tempfile.TemporaryDirectory(prefix="regesta-faults-") as folder, system(Path(folder), LONG, nodes) as here:
            is_well = asyncio.run(strike_all(here, chosen, console)) and is_well
            outcomes += here.outcomes
    show(outcomes, console)
    console.print(
        f"{'Survived' if is_well else 'NOT survived'}; SEED={seed}; written to {write(outcomes, seed, 'long')}"
    )
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
