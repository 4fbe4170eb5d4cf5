"""Faults, each a function that returns once the cause is gone; what the system makes of it is looked at by who calls."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiokafka import AIOKafkaProducer, ConsumerRecord

from deploy.kafka.cluster import Node
from regesta.backup import write_backup
from regesta.database import create_service
from regesta.main import registry_of
from regesta.restore import restore_backup
from regesta.store import PostgresStore
from regesta.topic import Reader
from regesta.unit import Appended, Meta, NewEvent, Unit
from services.budget.app import SERVICE as BUDGET
from tests.conftest import execute
from tests.faults.checker import caught_up, rows
from tests.faults.clock import lacking
from tests.faults.clocks import set_apart
from tests.faults.disks import fill_consumer, fill_producer, unmountable
from tests.faults.systems import Fault, System
from tests.faults.users import Using
from tests.regesta.seals import seal_of
from tests.regesta.serving import until
from tests.regesta.topics import administering
from tests.system.apart import Apart

PROCESSES: Final = ("objectives", "kpi", "reporting", "budget api", "budget worker")
SECOND_BUDGET, SECOND_REPORTING = "budget worker 2", "reporting worker"
READY_SECONDS: Final = 60.0
REPEATED: Final = 100
# Sockets of a worker at work.
CONNECTED: Final = 6
EPOCH: Final = "SELECT epoch FROM bus.relay"
POISON: Final = "budget-line-opened.v1"

numbers = count(1)


async def kill_api(system: System, _users: Using) -> None:
    """Kill the process that serves budget."""
    system.apart.kill("budget api")
    await asyncio.sleep(system.length.gone)
    system.apart.start("budget api")


async def kill_worker(system: System, _users: Using) -> None:
    """Kill the processes that relay, take in and fold: budget's, and that of reporting, which serves too."""
    for name in ("budget worker", "reporting"):
        system.apart.kill(name)
    await asyncio.sleep(system.length.gone)
    system.apart.start("budget worker", "reporting")


async def pause_worker(system: System, users: Using) -> None:
    """Pause the process that holds the relay's lease until another has it, and let it go on then; over the feed there is none."""
    paused = system.apart.processes["budget worker"].pid
    before = await rows(system.apart, "budget", EPOCH)
    await _start_second(system, SECOND_BUDGET)
    os.kill(paused, signal.SIGSTOP)
    try:
        if before:
            await until(lambda: _other_holder(system, before), READY_SECONDS)
        else:
            await asyncio.sleep(system.length.gone)
    finally:
        os.kill(paused, signal.SIGCONT)
    await users.busy(10, "budget")
    await asyncio.to_thread(system.apart.stop, SECOND_BUDGET)


async def kill_broker(system: System, _users: Using) -> None:
    """Kill a broker, of several the one that leads budget's topic, and start it again."""
    node = await _leader(system)
    node.kill()
    await asyncio.sleep(system.length.gone)
    node.start()
    await asyncio.to_thread(node.wait)


async def silence_broker(system: System, _users: Using) -> None:
    """Let all brokers say nothing, as if the network were cut."""
    assert system.cluster is not None
    pids = [node.pid for node in system.cluster.nodes if node.pid is not None]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(system.length.away)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def stop_postgres(system: System, _users: Using) -> None:
    """Stop PostgreSQL as a loss of power would."""
    servers = {system.apart.server(service) for service in system.apart.urls}
    for server in servers:
        await asyncio.to_thread(server.stop_immediate)
    await asyncio.sleep(system.length.gone)
    for server in servers:
        await asyncio.to_thread(server.start)


async def come_and_go(system: System, users: Using) -> None:
    """Start a second consumer, and stop it, again and again."""
    for _ in range(system.length.rounds):
        await _start_second(system, SECOND_REPORTING)
        await users.busy(5, "budget")
        await asyncio.sleep(system.length.gone)
        await asyncio.to_thread(system.apart.stop, SECOND_REPORTING)


async def repeat_records(system: System, users: Using) -> None:
    """Deliver the last records of budget's topic twice, and late: behind what was published since."""
    assert system.broker is not None
    records = await _records(system)
    await users.busy(5, "budget")
    producer = AIOKafkaProducer(bootstrap_servers=system.broker.bootstrap)
    await producer.start()
    try:
        for record in records[-REPEATED:]:
            await producer.send_and_wait(
                record.topic, record.value, record.key, timestamp_ms=record.timestamp, headers=list(record.headers)
            )
    finally:
        await producer.stop()


async def poison(system: System, users: Using) -> None:
    """Record an event that no read model can fold, and leave it out as an operator does."""
    stream = f"line/poison{next(numbers)}.33.001.07.01.1111"
    event = NewEvent(stream, 1, POISON, Meta("test").json(), "{}")
    async with PostgresStore(
        "budget", system.apart.server("budget").dsn("budget"), registry_of(BUDGET), pool_size=2
    ) as store:
        answer = await store.append(Unit({stream: 0}, [event]))
    assert isinstance(answer, Appended)
    system.told.planted.add(f"budget:{answer.first}")
    await users.busy(10, "budget")
    for service in ("budget", "reporting"):
        await _drop(system, service, stream)


async def restore_older(system: System, users: Using) -> None:
    """Lose budget's database, restore a backup from before its last events, and recover these from who took them in."""
    apart, file = system.apart, system.apart.place / f"budget.{next(numbers)}.backup"
    await write_backup(apart.server("budget").dsn("budget"), "budget", file, _nobody_looks)
    await users.busy(10, "budget")
    await users.pause()
    await caught_up(apart)  # what nobody has taken in yet is lost with the database
    for name in ("budget api", "budget worker"):
        apart.kill(name)
    await _lose_budget(apart)
    await asyncio.to_thread(apart.run, "budget", "migrate")
    await restore_backup(apart.server("budget").dsn("budget", "owner"), "budget", file, _nobody_looks)
    apart.start("budget api", "budget worker")
    users.going.set()
    await asyncio.to_thread(_recover, apart)


FAULTS: Final = (
    Fault("api killed", kill_api, frozenset({"no answer", "log-behind"}), frozenset({"budget api"})),
    Fault("worker killed", kill_worker, frozenset({"not-yet", "log-behind"}), frozenset({"budget worker", "reporting"})),
    Fault("worker paused past its lease", pause_worker, frozenset({"not-yet"}), frozenset({"budget worker"})),
    Fault("broker killed", kill_broker, frozenset({"not-yet"}), frozenset({"broker"}), ("kafka",)),
    Fault("broker unreachable", silence_broker, frozenset({"not-yet"}), frozenset({"broker"}), ("kafka",)),
    Fault(
        "PostgreSQL stopped", stop_postgres,
        frozenset({"busy", "outcome-unknown", "no answer", "not-yet", "log-behind", "source-unreachable"}),
        frozenset({"database"}),
    ),
    Fault("second consumer comes and goes", come_and_go, frozenset({"not-yet"}), frozenset({"reporting"})),
    Fault("records twice and late", repeat_records, frozenset({"not-yet"}), frozenset({"broker"}), ("kafka",)),
    Fault("poison event", poison, frozenset({"not-yet"}), frozenset({"database", "reporting", "budget api"})),
    Fault(
        "disk of a producer full", fill_producer, frozenset({"disk-full", "not-yet", "log-behind"}),
        frozenset({"database", "budget api", "budget worker"}), lacks=unmountable,
    ),
    Fault(
        "disk of a consumer full", fill_consumer, frozenset({"not-yet"}), frozenset({"database", "reporting"}), lacks=unmountable,
    ),
    Fault(
        "clocks apart", set_apart, frozenset({"not-yet"}),
        frozenset({"database", "budget api", "budget worker", "reporting"}), lacks=lacking, is_installed=True,
    ),
    Fault(
        "older backup restored", restore_older, frozenset({"no answer", "log-behind", "not-yet", "busy", "outcome-unknown"}),
        frozenset({"database", "budget api", "budget worker", "reporting", "broker"}),
    ),
)  # fmt: skip


async def _start_second(system: System, name: str) -> None:
    """Start a process that does not serve, and return once it is at work: connected to its database and to others."""
    system.apart.start(name)
    pid = system.apart.processes[name].pid

    async def at_work() -> bool:
        return len(_sockets(pid)) >= CONNECTED

    await until(at_work, READY_SECONDS)


def _sockets(pid: int) -> list[str]:
    """Return the open sockets of a process."""
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(each.readlink()))
    return [each for each in found if each.startswith("socket:")]


async def _other_holder(system: System, before: Sequence[object]) -> bool:
    """Return whether the relay's lease is another's."""
    return await rows(system.apart, "budget", EPOCH) != before


async def _leader(system: System) -> Node:
    assert system.cluster is not None
    assert system.broker is not None
    async with administering(system.broker) as admin:
        (found,) = await admin.describe_topics([system.broker.topic("budget")])
    leader = found["partitions"][0]["leader"]
    (node,) = (node for node in system.cluster.nodes if node.number == leader)
    return node


async def _records(system: System) -> list[ConsumerRecord]:
    assert system.broker is not None
    seal = await seal_of(system.apart.server("budget").dsn("budget"))
    reader = Reader(system.broker, "budget", registry_of(BUDGET), seal)
    await reader.open()
    try:
        reader.seek(max(0, await reader.end() - REPEATED))
        return await reader.take(REPEATED, 5)
    finally:
        await reader.close()


async def _drop(system: System, service: str, stream: str) -> None:
    """Leave out the event at which a stream stands still, once it does, in every read model of a service."""
    parked = f"/{service}/v1/projections/parked"
    with system.apart.client(service) as client:

        async def there() -> bool:
            return bool((await asyncio.to_thread(client.get, parked)).json())

        await until(there, READY_SECONDS)
        for each in client.get(parked).json():
            path = f"/{service}/v1/projections/{each['projection']}/parked/{quote(stream, safe='')}/drop"
            (await asyncio.to_thread(client.post, path, json={"reason": "of a test"})).raise_for_status()


async def _lose_budget(apart: Apart) -> None:
    server = apart.server("budget")
    await execute(server.admin_dsn, "DROP DATABASE budget WITH (FORCE)")
    await create_service(server.admin_dsn, "budget", server.passwords("budget"))


def _recover(apart: Apart) -> None:
    """Let budget take back what it lost, once it serves and everybody whom it asks answers."""
    apart.wait_serving("budget api")
    with apart.client("budget") as client:
        while (answer := client.post("/budget/v1/log/recover")).json().get("state") != "open":
            assert answer.status_code in {200, 409, 503}, answer.text


def _nobody_looks(_done: int, _of: int) -> None:
    """Take no notice of how far something is."""
