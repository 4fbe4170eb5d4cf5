"""The topics of logs: how one is made and checked, and what is told of one that is wrong. Imported only where it is used.

A topic is a log for ever: one partition, for a log has one order, and nothing in it is forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeAlias

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from regesta.broker import REQUEST_MS, Broker
from regesta.bus import Standstill
from regesta.client import start, stop
from regesta.reasons import Cause

# More than the largest event, with its headers.
RECORD_BYTES: Final = 4 * 1024 * 1024
# What no topic of ours may have otherwise.
KEEPING: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
IN_STEP: Final = "min.insync.replicas"
SIZE: Final = "max.message.bytes"
COPIES: Final = 3
COME_SECONDS: Final = 0.05
TOPIC_UNKNOWN: Final = 3
TOPIC_EXISTS: Final = 36

# Gives the command that gives a topic other settings.
_Mend: TypeAlias = Callable[[str], str]

logger = logging.getLogger(__name__)


class TopicUnusable(Standstill):
    """A topic that nobody can read a log from, though its broker answers."""


class TopicMissing(TopicUnusable):
    """There is no such topic."""

    def __init__(self, name: str) -> None:
        told = f"there is no topic {name!r}; the service whose log it is makes it when it starts"
        super().__init__(Cause.TOPIC_MISSING, told)


class TopicLost(TopicUnusable):
    """There is no such topic any more, and it may have held what the log lacks."""

    def __init__(self, name: str, make: str) -> None:
        told = f"there is no topic {name!r}, and this log may have been published into it; if it is lost, make it anew: {make}"
        super().__init__(Cause.TOPIC_LOST, told)


class TopicWrong(TopicUnusable):
    """A topic that cannot keep a log, or does not give what it holds."""

    def __init__(self, told: str) -> None:
        super().__init__(Cause.TOPIC_WRONG, told)


async def ensure_topic(broker: Broker, name: str, *, make: bool = True) -> str | None:
    """Make a topic when it is missing, with as many copies as the cluster can keep, then check it (see check_topic).

    make: whether it may be made; without, raises TopicLost when it is missing.
    """
    await broker.reach()
    with broker.told():
        async with _administering(broker) as admin:
            (found,) = await admin.describe_topics([name])
            if found["error_code"] == TOPIC_UNKNOWN:
                if not make:
                    raise TopicLost(name, await _making(broker, admin, name))
                await _create(admin, name)
                await _come(admin, name)
            return await _check(broker, admin, name)


async def check_topic(broker: Broker, name: str) -> str | None:
    """Check a topic; return how it could lose what it acknowledges. Raises TopicMissing, Standstill when it would not keep a log."""
    await broker.reach()
    with broker.told():
        async with _administering(broker) as admin:
            return await _check(broker, admin, name)


@asynccontextmanager
async def _administering(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an administrator's client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap, request_timeout_ms=REQUEST_MS, **broker.options)
    try:
        await start(admin.start())
        yield admin
    finally:
        await stop(admin.close())


async def _create(admin: AIOKafkaAdminClient, name: str) -> None:
    """Make a topic. Two copies of three that are in step must have a record before it is acknowledged."""
    copies = await _copies(admin)
    answer = await admin.create_topics([NewTopic(name, 1, copies, topic_configs=_wanted(copies))])
    ((_, code, message),) = answer.topic_errors
    if code not in {0, TOPIC_EXISTS}:
        raise TopicWrong(f"the topic {name!r} is missing and cannot be made: {message or for_code(code).__name__}")
    if code != TOPIC_EXISTS:  # another process was faster
        logger.warning("the topic %r is made, with %d copies", name, copies)


async def _copies(admin: AIOKafkaAdminClient) -> int:
    """Return how many copies of a topic the cluster can keep."""
    return min(COPIES, len((await admin.describe_cluster())["brokers"]))


def _wanted(copies: int) -> dict[str, str]:
    """Return the settings of a topic that is made."""
    return {
        **KEEPING,
        IN_STEP: str(max(1, copies - 1)),
        SIZE: str(RECORD_BYTES),
        # Not one of the broker's, which this process may not be able to unpack.
        "compression.type": "producer",
        # An event's time is its record's; whatever it is, the event was recorded.
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),
    }


async def _making(broker: Broker, admin: AIOKafkaAdminClient, name: str) -> str:
    """Return the command that makes a topic as it would be made here."""
    copies = await _copies(admin)
    settings = " ".join(f"--config {key}={value}" for key, value in _wanted(copies).items())
    at = f"kafka-topics.sh --bootstrap-server {broker.bootstrap} --create"
    return f"{at} --topic {name} --partitions 1 --replication-factor {copies} {settings}"


async def _come(admin: AIOKafkaAdminClient, name: str) -> None:
    """Return once the nodes know a topic that was made; what they say before is of no use."""
    async with asyncio.timeout(REQUEST_MS / 1000):
        while (await admin.describe_topics([name]))[0]["error_code"]:  # noqa: ASYNC110 - it is asked of a broker
            await asyncio.sleep(COME_SECONDS)


async def _check(broker: Broker, admin: AIOKafkaAdminClient, name: str) -> str | None:
    """Return how a topic could lose what it acknowledges. Raises Standstill unless it keeps a log."""
    (found,) = await admin.describe_topics([name])
    if found["error_code"] == TOPIC_UNKNOWN:
        raise TopicMissing(name)
    if found["error_code"]:
        raise for_code(found["error_code"])(name)
    if (count := len(found["partitions"])) != 1:
        make = await _making(broker, admin, name)
        told = (
            f"the topic {name!r} has {count} partitions, and a log has one order; delete it, and make it anew: {make}"
        )
        raise TopicWrong(told)
    settings = await _configured(admin, name)
    in_step = int(settings.pop(IN_STEP))
    size = settings.pop(SIZE)
    mend = partial(_altering, broker, name)
    _require(
        f"the topic {name!r} would forget events",
        {key: value for key, value in settings.items() if value != KEEPING[key]},
        KEEPING,
        mend,
    )
    small = {SIZE: size} if int(size) < RECORD_BYTES else {}
    _require(f"the topic {name!r} would refuse large events", small, {SIZE: str(RECORD_BYTES)}, mend)
    return _weakness(name, len(found["partitions"][0]["replicas"]), in_step, await _copies(admin), mend)


def _require(would: str, wrong: Mapping[str, str], better: Mapping[str, str], mend: _Mend) -> None:
    """Raise TopicWrong, with what a topic would do, when some of its settings are wrong. mend: what gives it others."""
    if wrong:
        is_so = ", ".join(f"{key}={value}" for key, value in wrong.items())
        raise TopicWrong(f"{would}: {is_so}; {mend(','.join(f'{key}={better[key]}' for key in wrong))}")


def _weakness(name: str, copies: int, in_step: int, possible: int, mend: _Mend) -> str | None:
    """Return how a topic with so many copies, of which so many must be in step, could lose what it acknowledges.

    Raises TopicWrong when it acknowledges nothing.
    """
    better = mend(f"{IN_STEP}={max(1, copies - 1)}")
    if in_step > copies:
        raise TopicWrong(f"the topic {name!r} has {copies} copies, and {in_step} must be in step; {better}")
    if copies < possible:
        more = f"kafka-reassign-partitions.sh makes more; then {mend(f'{IN_STEP}={possible - 1}')}"
        return f"the topic {name!r} has {copies} copies, and the brokers can keep {possible}; {more}"
    return (
        f"the topic {name!r} acknowledges with {in_step} of {copies} copies; {better}" if in_step < copies - 1 else None
    )


def _altering(broker: Broker, name: str, settings: str) -> str:
    """Return the command that gives a topic other settings."""
    return f"kafka-configs.sh --bootstrap-server {broker.bootstrap} --alter --topic {name} --add-config {settings}"


async def _configured(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    """Return the settings of a topic that are checked."""
    asked = ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys([*KEEPING, IN_STEP, SIZE]))
    ((answer,),) = ((await admin.describe_configs([asked]))[0].resources,)
    code, message, _, _, entries = answer
    if code:
        raise for_code(code)(message)
    return {key: value for key, value, *_ in entries}
