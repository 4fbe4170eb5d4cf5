"""Run the real deployment, with the container engine: `make test-containers`. Ends within ten minutes; needs root."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from cli.installation import open_installation
from tests.containers import engine, inspection, stand_ins, story
from tests.containers.inspection import Deployment

# With what stops and removes everything: ten minutes.
SECONDS: Final = 540
# Of what the containers told, when something went wrong.
LAST_WORDS: Final = 8000
# In a network of its own every port is free.
URL: Final = "http://127.0.0.1:8080"
COPIED: Final = (
    "Makefile", "pyproject.toml", "docker-compose.yml", ".dockerignore",
    "requirements", "deploy", "regesta", "contracts", "services",
)  # fmt: skip
LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "node_modules", "target", "test")


class TooLong(Exception):
    """The time is over."""


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TooLong(f"not done after {SECONDS} s")


@contextmanager
def _step(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    print(f"{what:<52}", end="", flush=True)
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.1f} s", flush=True)


def _copy(project: Path) -> None:
    """Copy what is deployed: who develops here may run a deployment of their own from this folder."""
    project.mkdir()
    for name in COPIED:
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(source, project / name)


def _up(running: Deployment, what: str) -> None:
    with _step(what):
        running.run("make", "up", f"VENV={Path(sys.prefix)}")


def _run(folder: Path) -> list[str]:
    """Run everything in a folder; return what was not as promised."""
    project = folder / "project"
    _copy(project)
    images = stand_ins.base_images(project)
    with _step("Debian fetched, by debootstrap"):
        stand_ins.fetch_debian(folder, {**os.environ, "PATH": engine.PATH})
    with _step("the broker, the database and the wheels fetched"):
        for name in images:
            stand_ins.fetch(name, folder)
    engine.leave_network()
    with engine.running(folder) as environment:
        with _step("stand-ins for the base images built"):
            stand_ins.load_debian(folder, environment)
            for name, image in images.items():
                stand_ins.build(name, image, folder, environment)
        running = Deployment(project, environment)
        try:
            return _tell(running)
        except Exception:
            print(running.run("make", "logs")[-LAST_WORDS:])
            raise
        finally:
            running.run("make", "down")


def _tell(running: Deployment) -> list[str]:
    """Start the deployment, tell the story, start it again; return what was not as promised."""
    _up(running, "make up: four images built, everything started")
    token = open_installation(running.project / ".containers").everything(1)
    with _step("the sample programme imported"):
        asyncio.run(story.bring_sample(URL, token))
    with _step("the first story told, the letter read"):
        story.tell_story({**running.environment, "REGESTA_URL": URL, "REGESTA_TOKEN": token})
        letter = story.read_letter(URL, token)
    with _step("users, contents, ports, secrets, topics looked at"):
        found = inspection.faults(running)
    with _step("make down"):
        running.run("make", "down")
    _up(running, "make up again")
    with _step("the letter read again"):
        if story.read_letter(URL, token) != letter:
            found.append("the letter is another after a stop and a start")
    return found


def main() -> int:
    """Run; return 0 when everything is as promised."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        engine.require()
        with tempfile.TemporaryDirectory(prefix="regesta-containers-") as folder:
            found = _run(Path(folder))
    except (engine.NotStarted, story.NotTold, TooLong) as error:
        print(f"\n{error}")
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\n{error}\n{error.stdout or ''}\n{error.stderr or ''}")
        return 1
    print(*found or ["Everything is as promised."], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
