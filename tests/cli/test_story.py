"""A file of commands is read whole before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.story import StoryRefused, read_story


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\n", "no UTF-8 text"),
        (b"{}\nnot json\n", "line 1 names none of the services"),
        (b'{"service": "budget"}\nnot json\n', "line 2 is no JSON"),
        (b"[1]\n", "line 1 names none of the services"),
        (b'{"service": "nothing"}\n', "line 1 names none of the services"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "story.ndjson"
    path.write_bytes(content)
    with pytest.raises(StoryRefused, match=said):
        read_story(path)


def test_empty_lines_are_no_commands(tmp_path: Path) -> None:
    path = tmp_path / "story.ndjson"
    path.write_text('\n{"service": "budget", "command": "commit"}\n\n')
    assert read_story(path) == [{"service": "budget", "command": "commit"}]
