"""Apache Kafka for tests: a broker of this session, or the one that KAFKA_BOOTSTRAP names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.kafka.cluster import Cluster, Security, missing

GIVEN = "KAFKA_BOOTSTRAP"


def require_kafka() -> None:
    """Skip a test that needs a broker of its own where none can be started, and say what is missing; in CI that is a failure."""
    if absent := missing():
        told = f"no Apache Kafka: {' and '.join(absent)} not found; JDK 17 and Maven are needed, or {GIVEN}"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)


@contextmanager
def cluster(
    folder: Path, nodes: int = 1, security: Security | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """Run a cluster of its own for a test."""
    require_kafka()
    with Cluster(folder, nodes, security, settings) as running:
        yield running


@contextmanager
def bootstrap(folder: Path) -> Iterator[str]:
    """Give the address of the session's broker."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    with cluster(folder) as running:
        yield running.bootstrap
