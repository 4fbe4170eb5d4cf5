"""The operator's command on a service that runs: what is parked is listed, shown, tried again and dropped; a rebuild is told."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass

import pytest

from cli.commands import run as run_command
from regesta.suites import META
from regesta.unit import NewEvent, Unit
from services.budget.app import SERVICE as BUDGET
from tests.services.conftest import Run, Running

LINE = "urban.33.001.07.01.1111"
STREAM = f"line/{LINE}"
# What no release of the contract allows: the log holds it, the read model cannot fold it.
BROKEN = NewEvent(STREAM, 1, "budget-line-opened.v1", META, '{"label":"not a text"}')


@dataclass
class Operator:
    """Gives commands to the services."""

    running: Running
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and what was printed."""
        token = self.running.client.headers["authorization"].removeprefix("Bearer ")
        self.monkeypatch.setenv("REGESTA_URL", self.running.url)
        self.monkeypatch.setenv("REGESTA_TOKEN", token)
        self.monkeypatch.setattr(sys, "argv", ["regesta", *arguments])
        self.capsys.readouterr()
        code = await asyncio.to_thread(self._run)
        return code, self.capsys.readouterr().out

    @staticmethod
    def _run() -> int:
        try:
            run_command()
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 0
        return 0


@pytest.fixture
async def operator(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(await run(BUDGET), monkeypatch, capsys)


async def test_a_parked_stream_is_listed_shown_tried_and_dropped(operator: Operator) -> None:
    runtime = operator.running.runtime("budget")
    await runtime.store.append(Unit({STREAM: 0}, [BROKEN]))
    head = (await runtime.store.head("budget")).position
    assert await runtime.followers["budget"].reach(head, 10)

    code, printed = await operator("park", "list", "budget", "--json")
    (parked,) = json.loads(printed)["parked"]
    assert (code, parked["projection"], parked["stream"], parked["event"]) == (0, "lines", STREAM, f"budget:{head}")
    code, printed = await operator("park", "show", "budget", "lines", STREAM)
    assert code == 0
    assert f"at budget:{head}; tries: 1, events that wait: 1." in printed.replace("\n", " ")
    code, printed = await operator("park", "retry", "budget", "lines", STREAM, "--json")
    assert (code, json.loads(printed)["parked"]["attempts"]) == (1, 2)
    code, _ = await operator("park", "drop", "budget", "lines", STREAM, "--reason", "Broken")  # nobody answers yes
    assert code != 0
    code, printed = await operator("park", "drop", "budget", "lines", STREAM, "--reason", "Broken", "--yes")
    assert (code, "goes on with the others" in printed) == (0, True)
    code, printed = await operator("park", "list", "budget")
    assert (code, "No stream is parked." in printed, "Broken" in printed) == (0, True, True)
    code, _ = await operator("park", "show", "budget", "lines", STREAM)
    assert code == 1


async def test_a_rebuild_waits_and_tells_what_differs(operator: Operator) -> None:
    answer = await operator.running.client.put(f"/budget/v1/lines/{LINE}", json={"label": {"fr": "Contrats"}})
    assert answer.status_code == 201, answer.text
    await operator.running.client.get(f"/budget/v1/lines?at_least={answer.json()['token']}")
    code, printed = await operator("rebuild", "budget", "--projection", "lines", "--json")
    (rebuild,) = json.loads(printed)["rebuilds"]
    assert (code, rebuild["build"], rebuild["differences"]) == (0, f"lines_v1_b{rebuild['number']}", [])
    assert rebuild["state"] in {"swapped", "done"}

    pool = operator.running.runtime("budget").pool
    await pool.execute(f"UPDATE {rebuild['build']}.lines SET version = 7")
    code, printed = await operator("rebuild", "budget", "--projection", "lines")
    said = " ".join(printed.split())
    assert (code, f"keys that differ: 1, such as line={LINE} from_position=" in said) == (1, True)
    code, printed = await operator("rebuild", "budget", "--projection", "lines", "--accept")
    assert code == 0
    code, printed = await operator("rebuild", "budget", "--json")
    assert (code, len(json.loads(printed)["rebuilds"])) == (0, len(BUDGET.projections))
