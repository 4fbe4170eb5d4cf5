"""Every image that `make up` would fetch has a stand-in, and every stand-in is of an image that is used."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.containers.stand_ins import HERE, base_images

PROJECT = Path()


def test_every_base_image_has_a_stand_in_and_the_other_way_round() -> None:
    document = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    assert isinstance(document, dict)
    fetched = {each["image"] for each in document["services"].values() if "profiles" not in each}
    found = base_images(PROJECT)
    assert {image for image in fetched if not image.startswith("regesta/")} == set(found.values()) - {found["python"]}
    assert set(found) == {each.name for each in HERE.iterdir()}


def test_images_are_named_by_the_files_that_are_deployed(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "Dockerfile").write_text("ARG BASE=python:3.14\n")
    (tmp_path / "docker-compose.yml").write_text(
        "services:\n  a:\n    image: example/postgres:19\n  b:\n    image: other:1\n"
    )
    assert base_images(tmp_path) == {"postgres": "example/postgres:19", "python": "python:3.14"}
