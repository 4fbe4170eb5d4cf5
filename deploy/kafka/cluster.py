"""Apache Kafka on this machine for tests: one node, or several, as KRaft processes on free loopback ports.

Needs JDK 17 and Maven: the first start fetches the broker from Maven Central, as pom.xml beside this file says. By hand:

    .venv/bin/python deploy/kafka/cluster.py --nodes 3
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

HERE: Final = Path(__file__).parent
JARS: Final = HERE / "target" / "jars"
NEEDED: Final = ("java", "mvn")
# Any 16 bytes in base64 will do, the same for all nodes.
CLUSTER_ID: Final = "cmVnZXN0YS1rYWZrYS10ZQ"
JAVA: Final = ("java", "-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
START_SECONDS: Final = 60.0
UP: Final = "Kafka Server started"
MECHANISM: Final = "SCRAM-SHA-512"


class NotStarted(Exception):
    """A node that did not come up, with the end of what it logged."""


@dataclass(frozen=True, slots=True)
class Security:
    """What a node requires of its clients. certificate: a PEM file with its key and its chain. users: passwords by name.

    authorities: a PEM file with those whose certificates clients must show too.
    """

    certificate: Path
    users: Mapping[str, str]
    authorities: Path | None = None


def missing() -> list[str]:
    """Return which commands a node needs that are not installed."""
    return [name for name in NEEDED if shutil.which(name) is None]


def fetch() -> None:
    """Fetch the broker, unless the jars of this pom.xml are here; one process at a time. Raises NotStarted with what Maven says."""
    pom, stamp = HERE / "pom.xml", JARS / ".stamp"
    JARS.parent.mkdir(exist_ok=True)
    with (JARS.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.stat().st_mtime >= pom.stat().st_mtime:
            return
        shutil.rmtree(JARS, ignore_errors=True)
        words = ["mvn", "-q", "-B", "-f", str(pom), "package"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotStarted(f"the broker cannot be fetched: {done.stdout}{done.stderr}")
        stamp.touch()


class Node:
    """One broker and controller. ports: for clients, for the other brokers, for the other controllers."""

    def __init__(self, folder: Path, number: int, ports: Sequence[int]) -> None:
        self.number = number
        self.port, self.broker_port, self.controller_port = ports
        self.folder = folder
        self._log = folder / "node.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of its process; None when it does not run."""
        return None if self._process is None else self._process.pid

    def format(self, settings: Mapping[str, str], users: Mapping[str, str]) -> None:
        """Make its folder ready for a first start. Raises NotStarted."""
        self.folder.mkdir(parents=True)
        (self.folder / "node.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        scram = [f"--add-scram={MECHANISM}=[name={name},password={password}]" for name, password in users.items()]
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", self._config, *scram]
        done = subprocess.run(self._java(*tool), capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotStarted(f"node {self.number} cannot be formatted: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start its process; see `wait`."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._java("kafka.Kafka", self._config), stdout=log, stderr=log)

    def wait(self) -> None:
        """Return once it is up. Raises NotStarted."""
        ends_at = time.monotonic() + START_SECONDS
        while UP not in (told := self._log.read_text(errors="replace")):
            if self._process is None or self._process.poll() is not None or time.monotonic() > ends_at:
                raise NotStarted(f"node {self.number} did not start: {told[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End its process at once, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def _config(self) -> str:
        return str(self.folder / "node.properties")

    def _java(self, *words: str) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        return [*JAVA, log4j, "-cp", f"{JARS}/*", *words]


class Cluster:
    """Some nodes, up while it is entered. folder: of their data, made anew. settings: of every node, beside those it needs."""

    def __init__(
        self, folder: Path, nodes: int = 1, security: Security | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        ports = _free_ports(3 * nodes)
        self.nodes = [Node(folder / str(n + 1), n + 1, ports[3 * n : 3 * n + 3]) for n in range(nodes)]
        self._security = security
        self._settings = settings or {}

    @property
    def bootstrap(self) -> str:
        """Where clients come: one address of each node."""
        return ",".join(f"localhost:{node.port}" for node in self.nodes)

    def __enter__(self) -> Self:
        fetch()
        users = {} if self._security is None else self._security.users
        try:
            for node in self.nodes:
                node.format(self._settings_of(node), users)
                node.start()
            for node in self.nodes:
                node.wait()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def _kill(self) -> None:
        """End all nodes at once: what a test wrote is not read again."""
        for node in self.nodes:
            node.kill()

    def _settings_of(self, node: Node) -> dict[str, str]:
        copies = min(3, len(self.nodes))
        clients = "PLAINTEXT" if self._security is None else "SASL_SSL"
        return {
            "process.roles": "broker,controller",
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(f"{n.number}@localhost:{n.controller_port}" for n in self.nodes),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "BROKER",
            "listener.security.protocol.map": f"CLIENTS:{clients},BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "listeners": f"CLIENTS://localhost:{node.port},BROKER://localhost:{node.broker_port},"
            f"CONTROLLER://localhost:{node.controller_port}",
            "log.dirs": str(node.folder / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": str(copies),
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": str(copies),
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **({} if self._security is None else _required(self._security)),
            **self._settings,
        }


def _required(security: Security) -> dict[str, str]:
    """Return the settings of a node that takes only clients with a name and a password, over TLS."""
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    shown = {
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(security.authorities),
        "listener.name.clients.ssl.client.auth": "required",
    }
    return {
        **({} if security.authorities is None else shown),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(security.certificate),
        "sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config": login,
    }


def _free_ports(count: int) -> list[int]:
    """Return free ports of this machine, each another."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def main() -> None:
    """Run some nodes until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Run Apache Kafka on this machine until Ctrl-C.")
    parser.add_argument("--nodes", type=int, choices=[1, 3], default=1)
    nodes = parser.parse_args().nodes
    if absent := missing():
        raise SystemExit(f"not installed: {', '.join(absent)}; JDK 17 or later and Maven are needed")
    # Its nodes end with it, however it is told to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory(prefix="regesta-kafka-") as folder,
        Cluster(Path(folder) / "nodes", nodes) as kafka,
    ):
        print(f"REGESTA_KAFKA_BOOTSTRAP={kafka.bootstrap}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
