"""Whom the embedded PostgreSQL runs as: whoever starts it, but not root, which it refuses."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from regesta.errors import Misconfigured

NAME = "regesta"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerUser:
    """The user of the server's processes and files; all None when it is simply the one who starts them."""

    uid: int | None = None
    gid: int | None = None
    extra_groups: tuple[int, ...] | None = None

    @classmethod
    def find(cls, cluster: Path) -> Self:
        """Return the user to run as; for root, the cluster's owner, or `regesta`, made when missing. Raises Misconfigured."""
        if os.geteuid() != 0:
            return cls()
        if cluster.exists():
            return cls(cluster.stat().st_uid, cluster.stat().st_gid, ())
        try:
            user = pwd.getpwnam(NAME)
        except KeyError:
            user = _add_user()
        return cls(user.pw_uid, user.pw_gid, ())

    def make_folder(self, path: Path) -> None:
        """Make a folder, when missing, that its owner may read; the server of another user passes through it."""
        path.mkdir(mode=0o700 if self.uid is None else 0o701, parents=True, exist_ok=True)

    def give(self, path: Path) -> None:
        """Make the user the owner of a file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def let_reach(self, path: Path) -> None:
        """Let the user pass through the folders above a path; nobody gets to list them."""
        if self.uid is None:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                logger.warning("%s: every user may pass through it now, for PostgreSQL does not run as root", folder)
                folder.chmod(mode | stat.S_IXOTH)

    def let_read(self, folder: Path) -> None:
        """Let the user read and run what its owner may, in a folder (if it exists) that a strict umask has closed."""
        if self.uid is None or not folder.exists():
            return
        self.let_reach(folder)
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            for_others = (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6
            if mode | for_others != mode:
                path.chmod(mode | for_others)


def _add_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd")
    if useradd is None:
        raise Misconfigured(f"PostgreSQL does not run as root: start as another user, or add a user {NAME!r}")
    command = [useradd, "--system", "--no-create-home", "--shell", "/bin/false", NAME]
    subprocess.run(command, check=True, capture_output=True)
    return pwd.getpwnam(NAME)
