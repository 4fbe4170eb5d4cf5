"""A container engine of this run's own: what it makes is away when it has stopped, and no other engine's images are touched."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 60.0
NEEDED: Final = ("dockerd", "docker", "debootstrap", "make", "curl", "java", "mvn")
# Where Debian keeps what only root runs.
PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"

# Of Linux: CLONE_NEWNET; SIOCSIFFLAGS and IFF_UP. Python has the first from 3.12 on.
NEW_NETWORK: Final = 0x40000000
SET_FLAGS: Final = 0x8914
UP: Final = 1


class NotStarted(Exception):
    """What cannot be run here, with the end of what was said."""


def require() -> None:
    """Raise NotStarted with what is missing on this machine."""
    missing = [name for name in NEEDED if shutil.which(name, path=PATH) is None]
    if not _has_compose():
        missing.append("docker-compose")
    if missing:
        raise NotStarted(
            f"not installed: {', '.join(missing)}; Debian's packages docker.io and docker-compose have the engine"
        )
    if os.geteuid() != 0:
        raise NotStarted("the engine and debootstrap need root")


def _has_compose() -> bool:
    if shutil.which("docker-compose", path=PATH):
        return True
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, env={"PATH": PATH})
    return plugin.returncode == 0


def leave_network() -> None:
    """Go on in a network of this process's own, with its own firewall and ports, which leads nowhere and ends with it.

    Two engines in one would remove each other's rules. Raises NotStarted.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_NETWORK):
        raise NotStarted(f"no network of its own: {os.strerror(ctypes.get_errno())}")
    with socket.socket() as loopback:
        fcntl.ioctl(loopback, SET_FLAGS, struct.pack("16sh14x", b"lo", UP))


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Run an engine with everything of it in a folder; give the environment in which its clients find it. Raises NotStarted.

    It has no bridge, so what is built reaches no container either.
    """
    address, log = f"unix://{folder}/engine.sock", folder / "engine.log"
    places = ["--data-root", folder / "data", "--exec-root", folder / "run", "--pidfile", folder / "engine.pid"]
    environment = {**os.environ, "PATH": PATH, "DOCKER_HOST": address, "DOCKER_CONFIG": str(folder / "config")}
    with log.open("wb") as told:
        words = ["dockerd", "--host", address, "--bridge=none", *map(str, places)]
        engine = subprocess.Popen(words, stdout=told, stderr=told, env=environment, start_new_session=True)
    try:
        _wait(engine, environment, log)
        yield environment
    finally:
        engine.terminate()
        engine.wait(STOP_SECONDS)


def _wait(engine: subprocess.Popen[bytes], environment: Mapping[str, str], log: Path) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while subprocess.run(["docker", "info"], env=environment, capture_output=True, check=False).returncode:
        if engine.poll() is not None or time.monotonic() > ends_at:
            raise NotStarted(f"the engine does not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
