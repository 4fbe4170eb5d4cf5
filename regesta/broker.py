"""A Kafka cluster as this process reaches it, what is told when it cannot, and the topics in it. Imported only where it is used.

A topic is a log for ever: one partition, for a log has one order, and nothing in it is forgotten.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any, Final, TypeVar

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
    for_code,
)

from regesta.bus import Standstill
from regesta.errors import Misconfigured
from regesta.reasons import Cause
from regesta.settings import Settings

REQUEST_MS: Final = 10_000
REACH_MS: Final = 5_000
ALERT_SECONDS: Final = 1.0
MECHANISM: Final = "SCRAM-SHA-512"
# More than the largest event, with its headers.
RECORD_BYTES: Final = 4 * 1024 * 1024
# What no topic of ours may have otherwise.
KEEPING: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
IN_STEP: Final = "min.insync.replicas"
COPIES: Final = 3
REFUSED: Final = (
    AuthenticationFailedError, ClusterAuthorizationFailedError, GroupAuthorizationFailedError, SaslAuthenticationFailed,
    TopicAuthorizationFailedError, UnsupportedSaslMechanismError, ssl.SSLError,
)  # fmt: skip
COME_SECONDS: Final = 0.05
# A client tries again by itself: it has asked another node by then, and later it is made anew.
ANSWER_SECONDS: Final = 15.0
# It begins with one node after another.
START_SECONDS: Final = 30.0
# What stops longer than that is left to itself.
STOP_SECONDS: Final = 5.0
TOPIC_UNKNOWN: Final = 3
TOPIC_EXISTS: Final = 36

T = TypeVar("T")

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

    def __init__(self, name: str, wanted: Mapping[str, str]) -> None:
        settings = " ".join(f"--config {key}={value}" for key, value in wanted.items())
        make = f"kafka-topics.sh --create --topic {name} --partitions 1 {settings}"
        told = f"there is no topic {name!r}, and this log may have been published into it; if it is lost, make it anew: {make}"
        super().__init__(Cause.TOPIC_LOST, told)


class TopicWrong(TopicUnusable):
    """A topic that cannot keep a log, or does not give what it holds."""

    def __init__(self, told: str) -> None:
        super().__init__(Cause.TOPIC_WRONG, told)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a cluster is. prefix: of its topics' names. options: what each client of it is made with, the password too."""

    bootstrap: str
    prefix: str
    options: Mapping[str, Any] = field(repr=False)

    def topic(self, service: str) -> str:
        """Return the name of the topic of a service's log."""
        return f"{self.prefix}.{service}.v1"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise Standstill, with where the broker is and why, for what a client of it raises."""
        try:
            yield
        except REFUSED as error:
            why = str(error) or type(error).__name__
            raise Standstill(Cause.BROKER_REFUSED, f"the broker {self.bootstrap} cannot be used: {why}") from error
        except (KafkaError, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise Standstill(Cause.BROKER_AWAY, f"the broker {self.bootstrap} does not answer: {why}") from error
        except Exception as error:
            if not _is_of_client(error):
                raise
            told = f"the client of the broker {self.bootstrap} failed: {error!r}"
            raise Standstill(Cause.BROKER_AWAY, told) from error

    async def reach(self) -> None:
        """Return when one of its nodes lets this process in. Raises Standstill with what the last one said.

        The clients themselves tell only that they reached none.
        """
        with self.told():
            said: Exception = TimeoutError("it has no address")
            for host, port, _ in collect_hosts(self.bootstrap):
                try:
                    connection = await create_conn(host, port, request_timeout_ms=REACH_MS, **self.options)
                except (KafkaError, OSError, TimeoutError) as error:
                    said = await self._alert(host, port) or error
                else:
                    connection.close()
                    return
            raise said

    async def _alert(self, host: str, port: int) -> ssl.SSLError | None:
        """Return what a node objects to the certificate that this process shows, or to that it shows none; None without TLS or objection.

        A node says so behind the handshake, and the clients only tell then that the connection was closed.
        """
        context = self.options.get("ssl_context")
        if context is None:
            return None
        try:
            async with asyncio.timeout(ALERT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, ssl=context)
                try:
                    await reader.read(1)
                finally:
                    writer.close()
        except ssl.SSLError as error:
            return error
        except (OSError, TimeoutError):
            return None
        return None


def _is_of_client(error: Exception) -> bool:
    """Return whether an error is the client's own, as where it forgets a connection while somebody waits for its answer."""
    names = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in walk_tb(error.__traceback__)]
    return [name for name in names if name in {"aiokafka", "regesta"}][-1:] == ["aiokafka"]


async def within(job: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what a client answers. Raises TimeoutError when it does not in time, also where it heeds no cancelling.

    Raises KafkaConnectionError when it is the client that cancels what it does: nobody asked who waits for it to end.
    """
    doing = asyncio.create_task(job)
    try:
        await asyncio.wait({doing}, timeout=seconds)
    finally:
        await _left(doing)
    return _answer(doing)


async def whole(job: Coroutine[Any, Any, None]) -> None:
    """Let a client start, to the end also when cancelled, and raise that then. Raises as `within` does.

    Cancelled half-way, aiokafka leaves a connection that its own closing does not know, and its closing forgets that it was.
    """
    _answer(await _to_its_end(job, START_SECONDS))


async def ended(job: Coroutine[Any, Any, None]) -> None:
    """Let a client stop (see `whole`), as far as it goes and for a while; what it says then is of no use.

    While its broker is gone it may give up half-way. While its broker says nothing it may wait for ever: until what was sent
    is read, or for a task of its own that has ended.
    """
    await _to_its_end(job, STOP_SECONDS)


async def _to_its_end(job: Coroutine[Any, Any, None], seconds: float) -> asyncio.Task[None]:
    """Let a client do what is better not left half-way; also when cancelled, for a while, and raise that then."""
    doing = asyncio.create_task(job)
    try:
        await asyncio.wait({doing}, timeout=seconds)
    except asyncio.CancelledError:
        await asyncio.wait({doing}, timeout=STOP_SECONDS)
        raise
    finally:
        await _left(doing)
    return doing


async def _left(doing: asyncio.Task[Any]) -> None:
    """Cancel what is not done, and leave it to itself when it is not done with that soon either."""
    if not doing.done():
        doing.cancel()
        await asyncio.wait({doing}, timeout=STOP_SECONDS)
    doing.add_done_callback(_unheard)


def _unheard(done: asyncio.Task[Any]) -> None:
    """Take note of how a task ended, which asyncio would tell otherwise."""
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.debug("a client of the broker ended with %r", error)


def _answer(done: asyncio.Task[T]) -> T:
    if not done.done():
        raise TimeoutError("it does not answer")
    if done.cancelled():
        raise KafkaConnectionError("the client gave up by itself")
    return done.result()


def broker_of(settings: Settings) -> Broker:
    """Return the broker that the settings name. Raises Misconfigured."""
    # It would tell each attempt to reach a node; here it is told once, with what to do.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if not settings.kafka_bootstrap:
        raise Misconfigured("REGESTA_KAFKA_BOOTSTRAP must name the broker, for REGESTA_CARRIER is kafka")
    if (settings.kafka_user is None) != (settings.kafka_password is None):
        raise Misconfigured("REGESTA_KAFKA_USER and REGESTA_KAFKA_PASSWORD come together")
    if settings.kafka_key_file is not None and settings.kafka_cert_file is None:
        raise Misconfigured("REGESTA_KAFKA_KEY_FILE comes with REGESTA_KAFKA_CERT_FILE")
    secured = settings.kafka_tls or settings.kafka_ca_file is not None or settings.kafka_cert_file is not None
    options: dict[str, Any] = {"security_protocol": "SSL" if secured else "PLAINTEXT"}
    if secured:
        options["ssl_context"] = _context(settings)
    if settings.kafka_user is not None and settings.kafka_password is not None:
        options |= {
            "security_protocol": "SASL_SSL" if secured else "SASL_PLAINTEXT",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return Broker(settings.kafka_bootstrap, settings.kafka_prefix, options)


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:
        raise Misconfigured(f"REGESTA_KAFKA_CA_FILE {str(settings.kafka_ca_file)!r} cannot be read: {error}") from error
    if settings.kafka_cert_file is not None:
        try:
            # Without a password a key that needs one would ask for it on the terminal.
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file, password="")
        except OSError as error:
            files = f"REGESTA_KAFKA_CERT_FILE and REGESTA_KAFKA_KEY_FILE {str(settings.kafka_cert_file)!r}"
            raise Misconfigured(f"{files} cannot be used: {error}") from error
    return context


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
                    raise TopicLost(name, _wanted(await _copies(admin)))
                await _create(admin, name)
                await _come(admin, name)
            return await _check(admin, name)


async def check_topic(broker: Broker, name: str) -> str | None:
    """Check a topic; return how it could lose what it acknowledges. Raises TopicMissing, Standstill when it would not keep a log."""
    await broker.reach()
    with broker.told():
        async with _administering(broker) as admin:
            return await _check(admin, name)


@asynccontextmanager
async def _administering(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give an administrator's client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap, request_timeout_ms=REQUEST_MS, **broker.options)
    try:
        await whole(admin.start())
        yield admin
    finally:
        await ended(admin.close())


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
        "max.message.bytes": str(RECORD_BYTES),
        # Not one of the broker's, which this process may not be able to unpack.
        "compression.type": "producer",
        # An event's time is its record's; whatever it is, the event was recorded.
        "message.timestamp.type": "CreateTime",
        "message.timestamp.after.max.ms": str(2**63 - 1),
    }


async def _come(admin: AIOKafkaAdminClient, name: str) -> None:
    """Return once the nodes know a topic that was made; what they say before is of no use."""
    async with asyncio.timeout(REQUEST_MS / 1000):
        while (await admin.describe_topics([name]))[0]["error_code"]:  # noqa: ASYNC110 - it is asked of a broker
            await asyncio.sleep(COME_SECONDS)


async def _check(admin: AIOKafkaAdminClient, name: str) -> str | None:
    """Return how a topic could lose what it acknowledges. Raises Standstill unless it keeps a log."""
    (found,) = await admin.describe_topics([name])
    if found["error_code"] == TOPIC_UNKNOWN:
        raise TopicMissing(name)
    if found["error_code"]:
        raise for_code(found["error_code"])(name)
    if (count := len(found["partitions"])) != 1:
        told = f"the topic {name!r} has {count} partitions, and a log has one order; delete it, and it is made anew with one"
        raise TopicWrong(told)
    settings = await _configured(admin, name)
    in_step = int(settings.pop(IN_STEP))
    wrong = {key: value for key, value in settings.items() if value != KEEPING[key]}
    if wrong:
        is_so = ", ".join(f"{key}={value}" for key, value in wrong.items())
        better = ",".join(f"{key}={KEEPING[key]}" for key in wrong)
        raise TopicWrong(f"the topic {name!r} would forget events: {is_so}; {_altering(name, better)}")
    return _weakness(name, len(found["partitions"][0]["replicas"]), in_step, await _copies(admin))


def _weakness(name: str, copies: int, in_step: int, possible: int) -> str | None:
    """Return how a topic with so many copies, of which so many must be in step, could lose what it acknowledges.

    Raises TopicWrong when it acknowledges nothing.
    """
    better = _altering(name, f"{IN_STEP}={max(1, copies - 1)}")
    if in_step > copies:
        raise TopicWrong(f"the topic {name!r} has {copies} copies, and {in_step} must be in step; {better}")
    if copies < possible:
        more = f"kafka-reassign-partitions.sh makes more, then {IN_STEP}={possible - 1}"
        return f"the topic {name!r} has {copies} copies, and the brokers can keep {possible}; {more}"
    return (
        f"the topic {name!r} acknowledges with {in_step} of {copies} copies; {better}" if in_step < copies - 1 else None
    )


def _altering(name: str, settings: str) -> str:
    """Return the command that gives a topic other settings."""
    return f"kafka-configs.sh --alter --topic {name} --add-config {settings}"


async def _configured(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    """Return the settings of a topic that are checked."""
    asked = ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys([*KEEPING, IN_STEP]))
    ((answer,),) = ((await admin.describe_configs([asked]))[0].resources,)
    code, message, _, _, entries = answer
    if code:
        raise for_code(code)(message)
    return {key: value for key, value, *_ in entries}
