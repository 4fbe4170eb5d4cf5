"""A broker that refuses a service, or that the service refuses, is told once with what to do, and shown; all goes on when it is mended.

The broker takes only users with a password that also show a certificate, and lets each do only what it was given the right to.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest
from pydantic import SecretStr

from deploy.kafka.cluster import Cluster, Security
from regesta.broker import broker_of
from regesta.bus import Standstill
from regesta.cloudevents import digest
from regesta.reasons import Cause
from regesta.settings import Settings
from tests.conftest import FreshDatabase
from tests.kafka import cluster
from tests.regesta import jars
from tests.regesta.authority import DAY, Authority
from tests.regesta.serving import Issuer, Served, client, served, settings_of, until
from tests.regesta.test_kafka import KPI, causes

TOPIC, GROUP, CLUSTER = 2, 3, 4
LITERAL, ALLOW = 3, 3
READ, WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS, IDEMPOTENT_WRITE = 3, 4, 5, 8, 10, 12
OWN: Final = (DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE, CREATE)
OTHERS: Final = (DESCRIBE, DESCRIBE_CONFIGS, READ)
GUARDED: Final = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # Who comes by the listener between brokers.
    "super.users": "User:ANONYMOUS",
}


@dataclass(frozen=True)
class Guarded:
    """The broker, with who signed its certificate, and a folder of certificates that it takes and does not take."""

    running: Cluster
    authority: Authority
    stranger: Authority

    def settings(self, plain: Settings, user: str, **changes: Any) -> Settings:
        """Return settings with which the broker takes a user, but for the changes."""
        over: dict[str, Any] = {
            "carrier": "kafka", "kafka_bootstrap": self.running.bootstrap, "kafka_prefix": "test",
            "kafka_ca_file": self.authority.certificate, "kafka_cert_file": self.authority.signed(user),
            "kafka_user": user, "kafka_password": SecretStr("covert"), **changes,
        }  # fmt: skip
        return plain.model_copy(update=over)

    async def grant(self, user: str, kind: int, name: str, *operations: int) -> None:
        """Give a user rights."""
        (node,) = self.running.nodes
        admin = AIOKafkaAdminClient(bootstrap_servers=f"localhost:{node.broker_port}")
        await admin.start()
        try:
            for each in operations:
                right = CreateAclsRequest(kind, name, LITERAL, f"User:{user}", "*", each, ALLOW)
                answer = await admin._send_request(right)
                assert [code for code, _ in answer.creation_responses] == [0]
        finally:
            await admin.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    users = {"jars": "covert", "kpi": "covert"}
    security = Security(authority.signed("localhost"), users, authority.certificate)
    with cluster(folder / "nodes", security=security, settings=GUARDED) as running:
        yield Guarded(running, authority, stranger)


@pytest.fixture(autouse=True)
async def _goodbye() -> AsyncIterator[None]:
    """Let connections end before the loop of a test does: over TLS both sides say goodbye first."""
    yield
    await asyncio.sleep(0.2)


@pytest.fixture
async def plain(reused_database: FreshDatabase, issuer: Issuer) -> Settings:
    return settings_of(await reused_database("jars"), issuer)


def told(caplog: pytest.LogCaptureFixture, cause: Cause) -> list[str]:
    """Return who told of a cause with what to do about it, in the log."""
    return sorted(each.partition(":")[0] for each in caplog.messages if each.endswith(cause.value.action))


async def filled(here: Served, reference: str) -> None:
    async with client(here) as user:
        assert (await user.put(f"/jars/a/fills/{reference}", json={"amount": 1})).status_code == 201


async def test_rights_that_are_missing_are_told_once_and_all_goes_on_when_they_are_given(
    guarded: Guarded,
    reused_database: FreshDatabase,
    issuer: Issuer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the rights that docs/howto/kafka.md names, and no others."""
    monkeypatch.setattr("regesta.bus.GRACE_SECONDS", 0.5)
    prefix = f"test-{uuid4().hex[:12]}"
    mine, theirs = settings_of(await reused_database("jars"), issuer), await reused_database("kpi")
    async with served(jars.SERVICE, guarded.settings(mine, "jars", kafka_prefix=prefix), issuer) as source:
        there = settings_of(theirs, issuer, {"jars": source.url.removesuffix("/jars/v1")})
        async with served(KPI, guarded.settings(there, "kpi", kafka_prefix=prefix), issuer) as reader:
            await until(lambda: _told(caplog, ["intake of jars", "relay of jars", "relay of kpi"]), 30)
            assert (await causes(source), await causes(reader)) == ({"broker-refused"}, {"broker-refused"})
            await filled(source, "one")
            await guarded.grant("jars", TOPIC, f"{prefix}.jars.v1", *OWN)
            await guarded.grant("jars", GROUP, f"{prefix}.jars", READ)
            await until(lambda: _shows(source, set()), 30)
            assert await causes(reader) == {"broker-refused"}
            await guarded.grant("kpi", TOPIC, f"{prefix}.kpi.v1", *OWN)
            await guarded.grant("kpi", TOPIC, f"{prefix}.jars.v1", *OTHERS)
            await guarded.grant("kpi", GROUP, f"{prefix}.kpi", READ)
            await until(lambda: _shows(reader, set()), 30)
            await filled(source, "two")
            head = (await source.runtime.store.head("jars")).position
            assert await reader.runtime.store.wait("jars", head - 1, 20)
            held, recorded = [await each.runtime.store.read("jars", 0, 99) for each in (reader, source)]
            assert [digest(event) for event in held] == [digest(event) for event in recorded]
            assert await reader.runtime.store.offset("jars") == head
    assert len(told(caplog, Cause.BROKER_REFUSED)) == 3


async def _told(caplog: pytest.LogCaptureFixture, who: list[str]) -> bool:
    return told(caplog, Cause.BROKER_REFUSED) == who


async def _shows(here: Served, wanted: set[str]) -> bool:
    return await causes(here) == wanted


WRONG: Final = {
    "password": "invalid credentials",
    "unknown authority": "certificate verify failed",
    "other host": "IP address mismatch",
    # What the broker answers depends on its JDK: "bad certificate", or as TLS 1.3 has it "certificate required".
    "no certificate": "certificate",
    "certificate of a stranger": "certificate unknown",
    "expired certificate": "certificate unknown",
}


@pytest.fixture(params=WRONG)
def wrong(request: pytest.FixtureRequest, guarded: Guarded, plain: Settings) -> tuple[Settings, str]:
    """Return settings with which jars is refused, and what is said."""
    changes: dict[str, dict[str, Any]] = {
        "password": {"kafka_password": SecretStr("other")},
        "unknown authority": {"kafka_ca_file": guarded.stranger.certificate},
        "other host": {"kafka_bootstrap": guarded.running.bootstrap.replace("localhost", "127.0.0.1")},
        "no certificate": {"kafka_cert_file": None},
        "certificate of a stranger": {"kafka_cert_file": guarded.stranger.signed("jars")},
        "expired certificate": {"kafka_cert_file": guarded.authority.signed("jars", -3 * DAY)},
    }
    return guarded.settings(plain, "jars", **changes[request.param]), WRONG[request.param]


async def test_a_service_that_is_refused_records_and_tells_it_once_with_what_to_do(
    wrong: tuple[Settings, str], issuer: Issuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("regesta.bus.GRACE_SECONDS", 0.5)
    settings, said = wrong
    async with served(jars.SERVICE, settings, issuer) as here:
        await until(lambda: _told(caplog, ["relay of jars"]), 30)
        await filled(here, "one")
        async with client(here) as user:
            (reason,) = (await user.get("/readyz")).json()["reasons"]
        assert reason["name"] == "broker-refused"
        assert said in reason["detail"]
        await asyncio.sleep(2)  # it is tried again each second
    assert told(caplog, Cause.BROKER_REFUSED) == ["relay of jars"]
    assert "covert" not in caplog.text


async def test_a_broker_whose_certificate_is_over_is_refused(guarded: Guarded, plain: Settings) -> None:
    expired = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    expired.load_cert_chain(guarded.authority.signed("localhost", -3 * DAY))
    server = await asyncio.start_server(lambda _, writer: writer.close(), "localhost", 0, ssl=expired)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Standstill, match="certificate has expired") as refused:
            await broker_of(guarded.settings(plain, "jars", kafka_bootstrap=f"localhost:{port}")).reach()
    assert refused.value.cause is Cause.BROKER_REFUSED


async def test_the_key_of_a_certificate_may_be_in_a_file_of_its_own(
    guarded: Guarded, plain: Settings, tmp_path: Path
) -> None:
    end = "-----END PRIVATE KEY-----\n"
    key, marker, certificate = guarded.authority.signed("jars").read_text().partition(end)
    (tmp_path / "key.pem").write_text(key + marker)
    (tmp_path / "cert.pem").write_text(certificate)
    files = {"kafka_cert_file": tmp_path / "cert.pem", "kafka_key_file": tmp_path / "key.pem"}
    await broker_of(guarded.settings(plain, "jars", **files)).reach()
