"""What the containers promise beside the letter: who they run as, what is in them, what is published, what stays secret."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.tokens import SERVICES

LOOPBACK: Final = "127.0.0.1"
# Of a topic: its records, as the broker keeps them.
TOPIC_BYTES: Final = "cat /var/lib/kafka/data/log/regesta.{service}.v1-0/*.log | wc -c"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A project that runs. environment: with which its engine is reached."""

    project: Path
    environment: Mapping[str, str]

    def run(self, *words: str) -> str:
        """Return what a command says. Raises CalledProcessError."""
        done = subprocess.run(words, cwd=self.project, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the engine knows of each container, by the name of its service."""
        found = json.loads(self.run("docker", "inspect", *self.run("docker", "ps", "--all", "--quiet").split()))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}


def faults(running: Deployment) -> list[str]:
    """Return what is not as promised, as sentences."""
    containers = running.containers()
    return [
        *_published(containers),
        *_users(running, containers),
        *_contents(running),
        *_environments(containers),
        *_told(running, containers),
        *_topics(running, containers),
    ]


def _published(containers: Mapping[str, Any]) -> Iterator[str]:
    for name, each in containers.items():
        for port, places in (each["NetworkSettings"]["Ports"] or {}).items():
            if any(place["HostIp"] != LOOPBACK for place in places or ()):
                yield f"{port} of {name} is published elsewhere than on {LOOPBACK}"
            if places and name != "front":
                yield f"{port} of {name} is published, beside the front"


def _users(running: Deployment, containers: Mapping[str, Any]) -> Iterator[str]:
    for name, each in containers.items():
        if each["State"]["Running"]:
            rows = running.run("docker", "top", each["Id"], "-eo", "uid,pid,comm").splitlines()[1:]
            if any(row.split()[0] == "0" for row in rows):
                yield f"{name} runs as root"


def _contents(running: Deployment) -> Iterator[str]:
    for name in SERVICES:
        shell = ["docker", "run", "--rm", "--network=none", "--entrypoint=sh", f"regesta/{name}", "-c"]
        within = set(running.run(*shell, "ls; ls services").split()) - {"__pycache__"}
        if within != {"regesta", "contracts", "services", "__init__.py", name}:
            yield f"the image of {name} holds {sorted(within)}"
        if "pgserver" in running.run(*shell, "pip list --format=freeze"):
            yield f"the image of {name} holds the embedded database"


def _environments(containers: Mapping[str, Any]) -> Iterator[str]:
    """Yield the services that run with more of the database than their own role."""
    for name in SERVICES:
        urls = [line for line in containers[name]["Config"]["Env"] if "postgresql://" in line]
        if len(urls) != 1 or f"//{name}:" not in urls[0]:
            yield f"{name} is told of {len(urls)} roles of the database"


def _told(running: Deployment, containers: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets that somebody wrote into its log."""
    lines = (running.project / ".env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    secrets = {name: value for name, _, value in pairs if name.endswith(("_PASSWORD", "_TOKEN"))}
    for container, each in containers.items():
        words = ["docker", "logs", each["Id"]]
        done = subprocess.run(words, env=running.environment, check=True, capture_output=True, text=True)
        for name, value in secrets.items():
            if value in done.stdout + done.stderr:
                yield f"{container} writes {name} into its log"


def _topics(running: Deployment, containers: Mapping[str, Any]) -> Iterator[str]:
    """Yield the services whose events the broker does not hold: over HTTP the letter would be whole too, only later."""
    for name in SERVICES:
        shell = ["docker", "exec", containers["kafka"]["Id"], "sh", "-c", TOPIC_BYTES.format(service=name)]
        if name != "reporting" and int(running.run(*shell)) == 0:
            yield f"the topic of {name} is empty"
