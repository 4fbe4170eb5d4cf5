"""Stand-ins for the base images that docker-compose.yml and deploy/Dockerfile name, where no registry can be reached."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cli.embedded import programs
from deploy.kafka import cluster

HERE: Final = Path("deploy/test")
# The Debian whose Python is the oldest that a service runs on.
SUITE: Final = "bookworm"
PYTHON: Final = "3.11"
PACKAGES: Final = ("ca-certificates", "python3-venv", "python-is-python3", "openjdk-17-jre-headless", "haproxy")
DEBIAN: Final = "stand-in/debian"
NAMED: Final = re.compile(r"^(?:ARG BASE=|\s+image: )(\S+)$", re.MULTILINE)
DOWNLOAD: Final = ("download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:")


def base_images(project: Path) -> dict[str, str]:
    """Return the base images of a project by the folder of deploy/test that stands in: {"postgres": "postgres:18", ...}."""
    files = (project / "docker-compose.yml", project / "deploy" / "Dockerfile")
    names = {name for file in files for name in NAMED.findall(file.read_text())}
    by_folder = {name.rpartition("/")[2].partition(":")[0]: name for name in names}
    return {folder: name for folder, name in sorted(by_folder.items()) if (HERE / folder).is_dir()}


def fetch_debian(folder: Path, environment: Mapping[str, str]) -> None:
    """Make the tree that all stand-ins begin with, from the packages of this machine's Debian mirror."""
    include = f"--include={','.join(PACKAGES)}"
    words = ["debootstrap", "--variant=minbase", include, SUITE, str(folder / "debian"), *_mirror()]
    with (folder / "debian.log").open("wb") as log:
        subprocess.run(words, check=True, env=environment, stdout=log, stderr=log)
    _without_archives(folder / "debian")


def load_debian(folder: Path, environment: Mapping[str, str]) -> None:
    """Make an image of that tree."""
    root = folder / "debian"
    tar = subprocess.Popen(["tar", "--numeric-owner", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
    subprocess.run(
        ["docker", "import", "-", DEBIAN], check=True, env=environment, stdin=tar.stdout, capture_output=True
    )
    if tar.wait():
        raise subprocess.CalledProcessError(tar.returncode, tar.args)
    shutil.rmtree(root)


def _mirror() -> Iterator[str]:
    """Yield where this machine has Debian's packages from; nothing when it is no Debian, and debootstrap knows better."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", f"Suite: {SUITE}", "Created-By: Packages"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    yield from found[:1]


def _without_archives(root: Path) -> None:
    for archive in (root / "var" / "cache" / "apt" / "archives").glob("*.deb"):
        archive.unlink()


def fetch(name: str, folder: Path) -> None:
    """Bring together what the stand-in of one folder of deploy/test is built of."""
    context = folder / name
    shutil.copytree(HERE / name, context)
    _FILLED.get(name, _nothing)(context)


def build(name: str, image: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Build a stand-in, once all it needs is there, under the name of the image it stands in for."""
    words = ["docker", "build", "--quiet", "--tag", image, str(folder / name)]
    subprocess.run(words, check=True, env=environment, capture_output=True)


def _nothing(_context: Path) -> None:
    """Need no more than what is in the folder."""


def _wheels(context: Path) -> None:
    """Put in what the service's lock names, for the Python of the stand-in."""
    wanted = ["--requirement", "requirements/service.txt", "--dest", str(context / "wheels")]
    python = [] if sys.version_info[:2] == tuple(map(int, PYTHON.split("."))) else ["--python-version", PYTHON]
    subprocess.run([sys.executable, "-m", "pip", *DOWNLOAD, *python, *wanted], check=True)


def _postgres(context: Path) -> None:
    """Put in the server's wheel; its programs look for their libraries beside its package."""
    package = programs().parents[1]
    for each in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(each, context / each.name)


def _kafka(context: Path) -> None:
    """Put in the broker."""
    cluster.fetch()
    shutil.copytree(cluster.JARS, context / "jars")
    shutil.copy(cluster.HERE / "log4j2.properties", context)


_FILLED: Final = {"python": _wheels, "postgres": _postgres, "kafka": _kafka}
