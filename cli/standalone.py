"""A page as one file: its stylesheet inside, its links to where it came from."""

from __future__ import annotations

import re

from cli.remote import Remote

STYLESHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


def standalone(page: str, remote: Remote) -> str:
    """Return a page that can be kept, sent and printed without the service. Raises RemoteRefused, RemoteUnreachable."""

    def inside(found: re.Match[str]) -> str:
        sheet = remote.ask("GET", found[1], accept="text/css").text
        return f"<style>{sheet}</style>"

    # A `base` would turn the links within the page away from it.
    return STYLESHEET.sub(inside, page, count=1).replace('href="/', f'href="{remote.url.rstrip("/")}/')
