"""Users of services that run apart: they record, and send each command again until it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx2

from tests.system.apart import Apart

NOTE: Final = "faults"
LINE: Final = "faults.33.004.28.01.6321"
YEAR: Final = 2024
PAYERS: Final = 3
# So many payments on a commitment, the first of which is the advance that its dossier's milestone waits for.
PAYMENTS: Final = 5
# Between two commands of a user, unless another is asked for, and before one is sent again.
PAUSE_SECONDS: Final = 0.05
AGAIN_SECONDS: Final = 0.1
TIMEOUT_SECONDS: Final = 10.0
NO_ANSWER: Final = "no answer"


@dataclass
class Told:
    """What users were told.

    recorded: the events of each command, by its service and reference. paid: cents, by commitment and payment. answers: by
    service, how often each was given; NO_ANSWER, or the kind of a problem. planted: events that no user asked for.
    """

    recorded: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    paid: dict[tuple[str, str], int] = field(default_factory=dict)
    advanced: set[str] = field(default_factory=set)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    planted: set[str] = field(default_factory=set)

    def acknowledged(self, service: str) -> int:
        """Return how many commands of a service were."""
        return self.answers[service, "recorded"]


class User:
    """One who records until told to stop. going: cleared while all users pause, between two commands."""

    def __init__(
        self, clients: Mapping[str, httpx2.AsyncClient], told: Told, going: asyncio.Event, pause_seconds: float
    ) -> None:
        self._clients, self._told, self._going, self._pause_seconds = clients, told, going, pause_seconds
        self.stop = False
        self.is_busy = False

    async def pay(self) -> None:
        """Open dossiers, commit for each and pay on it; all on one line, whose ledger all of them write."""
        while not self.stop:
            dossier, milestone, commitment = (str(uuid4()) for _ in range(3))
            await self._put("objectives", f"/dossiers/{dossier}", {"kind": "subsidy", "title": {"fr": "Subside"}})
            await self._put(
                "objectives", f"/dossiers/{dossier}/milestones/{milestone}", {"kind": "advance", "due": "2024-06"}
            )
            granted = {"amount_cents": 1_000}
            await self._put("objectives", f"/dossiers/{dossier}/approvals/minister/grant/granted", granted)
            committed = {"line": LINE, "year": YEAR, "amount_cents": 1_000, "dossier": dossier}
            await self._put("budget", f"/commitments/{commitment}", committed)
            for number in range(PAYMENTS):
                await self._pay(commitment, f"P-{number}", "interim" if number else "advance")
                self._told.advanced.add(dossier)

    async def _pay(self, commitment: str, payment: str, part: str) -> None:
        body = {"year": YEAR, "amount_cents": 100, "part": part}
        await self._put("budget", f"/commitments/{commitment}/payments/{payment}", body)
        self._told.paid[commitment, payment] = 100

    async def register(self) -> None:
        """Register objectives."""
        while not self.stop:
            # Of a note each code is one objective's; what was recorded only grows.
            body = {"level": "strategic", "code": str(len(self._told.recorded)), "title": {"fr": "But"}}
            await self._put("objectives", f"/notes/{NOTE}/objectives/{uuid4()}", body)

    async def measure(self) -> None:
        """Open indicators and measure each once."""
        period = {"starts_on": f"{YEAR}-01-01", "ends_on": f"{YEAR}-12-31"}
        while not self.stop:
            indicator = str(uuid4())
            opened = {"measure": {"kind": "manual"}, "title": {"fr": "Part"}, "measured_in": "%"}
            await self._put("kpi", f"/indicators/{indicator}", opened)
            measured = {"period": period, "value": {"state": "known", "value": "82.5"}}
            await self._put("kpi", f"/indicators/{indicator}/measurements", measured)

    async def _put(self, service: str, path: str, body: Mapping[str, Any]) -> None:
        await self._going.wait()
        self.is_busy = True
        try:
            answer = await self._insist(service, path, body)
        finally:
            self.is_busy = False
        assert (service, path) not in self._told.recorded
        self._told.recorded[service, path] = answer.json()["events"]
        await asyncio.sleep(self._pause_seconds)

    async def _insist(self, service: str, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        """Send a command until it is recorded. Whatever is no reason to send it again fails the test."""
        while True:
            try:
                answer = await self._clients[service].put(path, json=body, headers={"Idempotency-Key": path})
            except httpx2.HTTPError:
                self._told.answers[service, NO_ANSWER] += 1
            else:
                if answer.status_code in {200, 201}:
                    self._told.answers[service, "recorded"] += 1
                    return answer
                assert answer.status_code in {503, 504}, answer.text
                self._told.answers[service, answer.json()["type"].rpartition("/")[2]] += 1
            await asyncio.sleep(AGAIN_SECONDS)


@dataclass
class Using:
    """Users at work."""

    told: Told
    users: list[User]
    going: asyncio.Event
    tasks: list[asyncio.Task[None]]

    async def busy(self, commands: int, *names: str) -> None:
        """Return once some more commands of each service were recorded."""
        before = {name: self.told.acknowledged(name) for name in names}
        async with asyncio.timeout(60):
            while any(self.told.acknowledged(name) < before[name] + commands for name in names):
                self.require_well()
                await asyncio.sleep(0.01)

    async def pause(self) -> None:
        """Return once nobody waits for an answer; nobody sends anything until `going` is set."""
        self.going.clear()
        async with asyncio.timeout(60):
            while any(user.is_busy for user in self.users):
                self.require_well()
                await asyncio.sleep(0.01)

    def require_well(self) -> None:
        """Raise what ended a user."""
        for task in self.tasks:
            if task.done():
                task.result()


@asynccontextmanager
async def using(apart: Apart, told: Told, pause_seconds: float = PAUSE_SECONDS) -> AsyncIterator[Using]:
    """Let users work; at the end everybody is answered."""
    headers = {"Authorization": f"Bearer {apart.token}"}
    clients = {
        name: httpx2.AsyncClient(base_url=f"{url}/{name}/v1", headers=headers, timeout=TIMEOUT_SECONDS)
        for name, url in apart.urls.items()
    }
    going = asyncio.Event()
    going.set()
    users = [User(clients, told, going, pause_seconds) for _ in range(PAYERS + 2)]
    works = [*(user.pay() for user in users[:PAYERS]), users[-2].register(), users[-1].measure()]
    here = Using(told, users, going, [asyncio.create_task(work) for work in works])
    try:
        yield here
        for user in users:
            user.stop = True
        await asyncio.wait_for(asyncio.gather(*here.tasks), 60)
    finally:
        for task in here.tasks:
            task.cancel()
        await asyncio.gather(*here.tasks, return_exceptions=True)
        for client in clients.values():
            await client.aclose()


def open_all(apart: Apart) -> None:
    """Record what the users need."""
    credits_ = {"amount_cents": {"state": "known", "value": 10**12}}
    with apart.client("objectives") as client:
        note = {"title": {"fr": "Note"}, "realised_year": YEAR - 1, "planned_year": YEAR}
        client.put(f"/objectives/v1/notes/{NOTE}", json=note).raise_for_status()
    with apart.client("budget") as client:
        client.put(f"/budget/v1/lines/{LINE}", json={}).raise_for_status()
        for kind in ("commitment", "liquidation"):
            client.put(f"/budget/v1/lines/{LINE}/years/{YEAR}/credits/{kind}", json=credits_).raise_for_status()
