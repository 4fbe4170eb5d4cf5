"""The first story, told to services in containers as a person tells it: the lines that the demo prints, and the letter read."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from typing import Final

from cli import welcome
from cli.demo_services import SAMPLE, STORY
from cli.importing.run import import_facts
from cli.remote import Remote
from cli.story import read_story, tell

TRIES: Final = 20
PAUSE_SECONDS: Final = 0.5


class NotTold(Exception):
    """What the letter should hold and does not."""


async def bring_sample(url: str, token: str) -> None:
    """Import the sample programme and its contract's story through the public API."""
    await import_facts(SAMPLE, url, token, note=welcome.NOTE)
    await tell(read_story(STORY), url, token, progress=lambda _done, _all: None)


def tell_story(environment: Mapping[str, str]) -> None:
    """Run each line to copy, until the letter shows what it recorded. Raises NotTold.

    environment: with REGESTA_URL and REGESTA_TOKEN. A line may be repeated: the same fact again records nothing.
    """
    for one in welcome.TRIES:
        said = ""
        for _ in range(TRIES):
            words = ["bash", "-c", welcome.curl(one)]
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
            said = done.stdout + done.stderr
            if done.stdout.rstrip().endswith(one.mark):
                break
        else:
            raise NotTold(f"the letter does not show {one.what}: {said}")


def read_letter(url: str, token: str) -> str:
    """Return the letter as JSON once it shows the whole story. Raises NotTold."""
    missing: list[str] = []
    for _ in range(TRIES):
        text = Remote(url, token).ask("GET", welcome.letter_path()).text
        missing = [one.what for one in welcome.TRIES if one.mark not in text]
        if not missing:
            return text
        time.sleep(PAUSE_SECONDS)
    raise NotTold(f"the letter does not show {', '.join(missing)}")
