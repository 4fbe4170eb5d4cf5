"""Topics are made so that they keep a log, and checked; a broker that cannot be used is told with why."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from deploy.kafka.cluster import Cluster, Security
from regesta.broker import Broker, broker_of
from regesta.bus import Standstill
from regesta.client import start
from regesta.doctor import examine, target_of
from regesta.errors import Misconfigured
from regesta.findings import Status
from regesta.reasons import Cause
from regesta.settings import Settings
from regesta.suites import foreign
from regesta.topic import KafkaPublisher
from regesta.topics import check_topic, ensure_topic
from tests.kafka import bootstrap, cluster
from tests.regesta import jars
from tests.regesta.authority import Authority
from tests.regesta.jars import SERVICE
from tests.regesta.seals import SEALED
from tests.regesta.topics import administering, configured, positions_in

LOG: Final = "01900000-0000-7000-8000-000000000000"
WANTED: Final = {
    "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": "4194304",
    "compression.type": "producer", "message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "9223372036854775807",
}  # fmt: skip


async def made(broker: Broker, partitions: int, settings: dict[str, str]) -> str:
    """Make the topic of jars otherwise than a service does; return its name."""
    async with administering(broker) as admin:
        await admin.create_topics([NewTopic(broker.topic("jars"), partitions, 1, topic_configs=settings)])
    return broker.topic("jars")


async def refused(broker: Broker) -> Standstill:
    """Return why the topic of jars is not used, by who publishes and by who reads."""
    with pytest.raises(Standstill) as here:
        await ensure_topic(broker, broker.topic("jars"))
    with pytest.raises(Standstill) as there:
        await check_topic(broker, broker.topic("jars"))
    assert (str(here.value), here.value.cause) == (str(there.value), there.value.cause)
    return here.value


async def test_a_topic_is_made_to_keep_a_log(broker: Broker) -> None:
    await ensure_topic(broker, broker.topic("jars"))
    await ensure_topic(broker, broker.topic("jars"))
    assert await configured(broker, broker.topic("jars"), list(WANTED)) == WANTED
    await check_topic(broker, broker.topic("jars"))


async def test_a_topic_with_two_partitions_is_refused(broker: Broker) -> None:
    name = await made(broker, 2, {"retention.ms": "-1"})
    said = await refused(broker)
    assert said.cause is Cause.TOPIC_WRONG
    make = f"kafka-topics.sh --bootstrap-server {broker.bootstrap} --create --topic {name} --partitions 1"
    assert str(said).startswith(
        f"the topic {name!r} has 2 partitions, and a log has one order; delete it, and make it anew: {make} "
    )


@pytest.mark.parametrize(
    ("settings", "told", "better"),
    [
        ({}, "retention.ms=604800000", "retention.ms=-1"),
        ({"retention.ms": "-1", "retention.bytes": "1000000"}, "retention.bytes=1000000", "retention.bytes=-1"),
        ({"retention.ms": "-1", "cleanup.policy": "compact"}, "cleanup.policy=compact", "cleanup.policy=delete"),
    ],
)
async def test_a_topic_that_forgets_is_refused(
    broker: Broker, settings: dict[str, str], told: str, better: str
) -> None:
    name = await made(broker, 1, settings)
    said = await refused(broker)
    assert said.cause is Cause.TOPIC_WRONG
    assert str(said) == (
        f"the topic {name!r} would forget events: {told}; kafka-configs.sh --bootstrap-server {broker.bootstrap} --alter --topic {name} --add-config {better}"
    )


async def test_a_topic_that_refuses_large_events_is_refused(broker: Broker) -> None:
    name = await made(broker, 1, {"retention.ms": "-1"})
    said = await refused(broker)
    assert said.cause is Cause.TOPIC_WRONG
    assert str(said) == (
        f"the topic {name!r} would refuse large events: max.message.bytes=1048588; "
        f"kafka-configs.sh --bootstrap-server {broker.bootstrap} --alter --topic {name} --add-config max.message.bytes=4194304"
    )


async def test_a_reader_does_not_make_a_topic(broker: Broker) -> None:
    with pytest.raises(Standstill) as said:
        await check_topic(broker, broker.topic("jars"))
    assert said.value.cause is Cause.TOPIC_MISSING
    assert "the service whose log it is makes it when it starts" in str(said.value)
    with pytest.raises(Standstill, match="there is no topic"):
        await check_topic(broker, broker.topic("jars"))


async def test_a_broker_that_is_not_there_is_told() -> None:
    with pytest.raises(Standstill, match=r"the broker localhost:1 does not answer: .*Connect call failed") as said:
        await Broker("localhost:1", "test", {}).reach()
    assert said.value.cause is Cause.BROKER_AWAY


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kafka_bootstrap": None}, "REGESTA_KAFKA_BOOTSTRAP must name the broker"),
        ({"kafka_bootstrap": "localhost:abc"}, "REGESTA_KAFKA_BOOTSTRAP must be host:port,..., and is 'localhost:abc'"),
        ({"kafka_bootstrap": "localhost:99999"}, "REGESTA_KAFKA_BOOTSTRAP must be host:port"),
        ({"kafka_bootstrap": "localhost:9092,"}, "REGESTA_KAFKA_BOOTSTRAP must be host:port"),
        ({"kafka_user": "jars", "kafka_password": SecretStr("")}, "REGESTA_KAFKA_USER and REGESTA_KAFKA_PASSWORD come"),
        ({"kafka_user": "jars"}, "REGESTA_KAFKA_USER and REGESTA_KAFKA_PASSWORD come together"),
        ({"kafka_password": SecretStr("x")}, "REGESTA_KAFKA_USER and REGESTA_KAFKA_PASSWORD come together"),
        ({"kafka_ca_file": Path("/nowhere/ca.pem")}, "REGESTA_KAFKA_CA_FILE '/nowhere/ca.pem' cannot be read: "),
        ({"kafka_ca_file": Path(__file__)}, "REGESTA_KAFKA_CA_FILE .* cannot be read: "),
        ({"kafka_key_file": Path("key.pem")}, "REGESTA_KAFKA_KEY_FILE comes with REGESTA_KAFKA_CERT_FILE"),
        ({"kafka_cert_file": Path("/nowhere/c.pem")}, "REGESTA_KAFKA_CERT_FILE .*'/nowhere/c.pem' cannot be used: "),
        ({"kafka_cert_file": Path(__file__)}, "REGESTA_KAFKA_CERT_FILE .* cannot be used: "),
    ],
)
def test_settings_that_do_not_fit_stop_the_start(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured, match=told):
        broker_of(settings(**changes))


def test_an_empty_user_is_none() -> None:
    assert broker_of(settings(kafka_user="", kafka_password=SecretStr(""))).options == {
        "security_protocol": "PLAINTEXT"
    }


async def test_a_user_is_refused_where_a_broker_knows_no_users(broker: Broker) -> None:
    here = settings(kafka_bootstrap=broker.bootstrap, kafka_user="jars", kafka_password=SecretStr("covert"))
    with pytest.raises(Standstill, match="IllegalSaslState") as said:
        await broker_of(here).reach()
    assert said.value.cause is Cause.BROKER_REFUSED


async def test_a_client_with_tls_is_told_that_a_listener_may_have_none(broker: Broker) -> None:
    with pytest.raises(Standstill, match=r"does not answer: .*; it may be that its listener has no TLS") as said:
        await broker_of(settings(kafka_bootstrap=broker.bootstrap, kafka_tls=True)).reach()
    assert said.value.cause is Cause.BROKER_AWAY


def test_a_password_is_not_shown_with_its_broker() -> None:
    broker = broker_of(settings(kafka_user="jars", kafka_password=SecretStr("covert")))
    assert broker.options["sasl_plain_password"] == "covert"
    assert repr(broker) == "Broker(bootstrap='localhost:9092', prefix='test')"


async def test_the_doctor_looks_at_the_topics_of_a_service(broker: Broker) -> None:
    here = settings(kafka_bootstrap=broker.bootstrap, kafka_prefix=broker.prefix)
    target = target_of(replace(SERVICE, sources={"shelves": (), "rooms": ()}), here)
    await ensure_topic(broker, broker.topic("jars"))
    async with administering(broker) as admin:
        await admin.create_topics([NewTopic(broker.topic("shelves"), 2, 1)])
    found = {each.name: each for each in await examine(target) if each.name.startswith("topic ")}
    prefix = f"topic {broker.prefix}"
    assert {name: each.status for name, each in found.items()} == {
        f"{prefix}.jars.v1": Status.OK, f"{prefix}.shelves.v1": Status.FAIL, f"{prefix}.rooms.v1": Status.FAIL,
    }  # fmt: skip
    assert "has 2 partitions" in found[f"{prefix}.shelves.v1"].found
    assert "there is no topic" in found[f"{prefix}.rooms.v1"].found
    assert not [
        each
        for each in await examine(target_of(SERVICE, here.model_copy(update={"carrier": "feed"})))
        if "topic" in each.name
    ]


def settings(**changes: Any) -> Settings:
    said: dict[str, Any] = {
        "database_url": SecretStr("postgresql://jars@db/jars"), "issuer": "https://issuer.test", "jwks": "/keys/jwks.json",
        "carrier": "kafka", "kafka_bootstrap": "localhost:9092", "kafka_prefix": "test", **changes,
    }  # fmt: skip
    return Settings(**said)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def secured(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run a broker that takes only a user with a password, over TLS."""
    security = Security(authority.signed("localhost"), {"jars": "covert"})
    with cluster(tmp_path_factory.mktemp("secured") / "nodes", security=security) as running:
        yield running


@pytest.fixture
async def _goodbye() -> AsyncIterator[None]:
    """Let connections end before the loop of a test does: over TLS both sides say goodbye first."""
    yield
    await asyncio.sleep(0.2)


over_tls = pytest.mark.usefixtures("_goodbye")


def secured_settings(secured: Cluster, authority: Authority, **changes: Any) -> Settings:
    said: dict[str, Any] = {
        "kafka_bootstrap": secured.bootstrap, "kafka_ca_file": authority.certificate, "kafka_user": "jars",
        "kafka_password": SecretStr("covert"), **changes,
    }  # fmt: skip
    return settings(**said)


@over_tls
async def test_a_user_publishes_and_reads_over_tls(secured: Cluster, authority: Authority) -> None:
    broker = broker_of(secured_settings(secured, authority))
    assert broker.options["security_protocol"] == "SASL_SSL"
    publisher = KafkaPublisher(broker, "elsewhere", jars.REGISTRY, SEALED)
    assert await publisher.open() is None
    await publisher.publish(foreign(range(1, 4), LOG))
    await publisher.close()
    assert await positions_in(broker, "elsewhere") == [1, 2, 3]


@over_tls
@pytest.mark.parametrize(
    "changes", [{"kafka_password": SecretStr("other")}, {"kafka_user": "nobody"}], ids=["password", "user"]
)
async def test_wrong_credentials_are_refused_and_told(
    secured: Cluster, authority: Authority, changes: dict[str, Any]
) -> None:
    with pytest.raises(Standstill, match=r"cannot be used: .*invalid credentials") as said:
        await broker_of(secured_settings(secured, authority, **changes)).reach()
    assert said.value.cause is Cause.BROKER_REFUSED
    assert "other" not in str(said.value)


@over_tls
async def test_a_broker_with_a_certificate_of_another_authority_is_refused(
    secured: Cluster, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    with pytest.raises(Standstill, match=r"cannot be used: .*certificate verify failed") as said:
        await broker_of(secured_settings(secured, authority, kafka_ca_file=other.certificate)).reach()
    assert said.value.cause is Cause.BROKER_REFUSED


@over_tls
async def test_a_certificate_of_another_host_is_refused(secured: Cluster, authority: Authority) -> None:
    address = secured.bootstrap.replace("localhost", "127.0.0.1")
    with pytest.raises(Standstill, match="IP address mismatch") as said:
        await broker_of(secured_settings(secured, authority, kafka_bootstrap=address)).reach()
    assert said.value.cause is Cause.BROKER_REFUSED


@over_tls
async def test_a_client_without_tls_is_told_that_it_gets_no_answer(secured: Cluster) -> None:
    with pytest.raises(Standstill, match="it may be that its listener has TLS") as said:
        await broker_of(settings(kafka_bootstrap=secured.bootstrap)).reach()
    assert said.value.cause is Cause.BROKER_AWAY


def test_tls_without_a_file_trusts_the_authorities_of_the_system() -> None:
    context = broker_of(settings(kafka_tls=True)).options["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(("ci", "raised"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_broker_is_a_skip_that_says_what_is_missing_and_in_ci_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, raised: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    with (
        pytest.raises(
            (pytest.skip.Exception, pytest.fail.Exception), match="no Apache Kafka: java and mvn not found"
        ) as said,
        bootstrap(tmp_path),
    ):
        pass
    assert said.type is raised
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "kafka:9092")
    with bootstrap(tmp_path) as given:
        assert given == "kafka:9092"


@pytest.mark.parametrize("fails", [False, True])
async def test_what_a_client_begins_it_ends_also_when_cancelled(*, fails: bool) -> None:
    began, ended = asyncio.Event(), []

    async def closing() -> None:
        began.set()
        with suppress(asyncio.CancelledError):  # as aiokafka's own closing does
            await asyncio.sleep(0.05)
        ended.append(True)
        if fails:
            raise KafkaError

    task = asyncio.create_task(start(closing()))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
