import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import jsonschema_rs
import pytest

from contracts.catalogue import SERVICES, ever_recorded
from contracts.generate import SCHEMAS, generated
from contracts.schema import Schema
from regesta.cloudevents import encode_batch
from regesta.event import Recorded, Registry
from tests.contracts.samples import samples

GENERATED: Final = generated()
ROOT: Final = Path(__file__).parents[2]
PARSER: Final = ROOT / "deploy" / "asyncapi"
NODE: Final = shutil.which("node")
# Reads the files named on its command line with the AsyncAPI project's own parser; prints one line of faults for each.
SCRIPT: Final = """
const { Parser } = require("@asyncapi/parser");
const { readFileSync } = require("node:fs");
(async () => {
  for (const file of process.argv.slice(1)) {
    const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
    const faults = diagnostics.map(({ code, severity, path, message }) => ({ code, severity, path: path.join("/"), message }));
    console.log(JSON.stringify({ version: document?.version(), channels: document?.channels().all().length, faults }));
  }
})();
"""


def document(service: str) -> Schema:
    return GENERATED[f"{service}.asyncapi.json"]


def parse(files: list[Path]) -> list[dict[str, object]]:
    if NODE is None:
        pytest.skip("there is no node to run the AsyncAPI parser with")
    if not (PARSER / "node_modules" / "@asyncapi" / "parser").is_dir():
        pytest.skip(f"the AsyncAPI parser is not installed in {PARSER.relative_to(ROOT)}: npm ci")
    ran = subprocess.run(
        [NODE, "-e", SCRIPT, *map(str, files)], cwd=PARSER, capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_the_project_s_own_parser_accepts_every_committed_document() -> None:
    files = [SCHEMAS / f"{service}.asyncapi.json" for service in SERVICES]
    for file, parsed in zip(files, parse(files), strict=True):
        # Severity 0 is an error, 1 a warning; the rest are hints on style.
        faults = parsed["faults"]
        assert isinstance(faults, list)
        assert [fault for fault in faults if fault["severity"] <= 1] == [], file.name
        assert (parsed["version"], parsed["channels"]) == ("3.0.0", 2)


def test_the_project_s_own_parser_refuses_a_spoiled_document(tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled.json"
    spoiled.write_text(json.dumps(document("reporting")).replace('"action": "send"', '"action": "shout"'), "utf-8")
    [parsed] = parse([spoiled])
    assert "action" in json.dumps(parsed["faults"])


@pytest.mark.parametrize("service", SERVICES)
def test_the_topic_and_the_feed_carry_every_event(service: str) -> None:
    channels = document(service)["channels"]
    assert isinstance(channels, dict)
    topic, feed = channels["topic"], channels["feed"]
    assert isinstance(topic, dict)
    assert isinstance(feed, dict)
    assert (topic["address"], feed["address"]) == (f"regesta.{service}.v1", f"/{service}/v1/events")
    assert isinstance(topic["messages"], dict)
    assert set(topic["messages"]) == {event.name for event in ever_recorded(SERVICES[service])}


def recorded(service: str) -> list[Recorded]:
    """Return the golden samples as the events of a log, the envelope full on every second one."""
    registry = Registry(SERVICES[service])
    return [
        Recorded(
            *(
                service,
                position,
                f"stream/{position}",
                1,
                datetime(2024, 3, 14, 9, 30, 0, 12, tzinfo=UTC),
                sample.type,
            ),
            *(json.dumps(sample.data), "0193a5c0-7b1e-7000-8000-0123456789ab", registry, "officer-7"),
            *(("2024-33", "budget:7", "budget:1", f"00-{'a' * 32}-{'b' * 16}-01") if position % 2 else ()),
        )
        for position, sample in enumerate(samples(service), 1)
    ]


def batch_validator(service: str) -> jsonschema_rs.Draft202012Validator:
    whole = document(service)
    return jsonschema_rs.Draft202012Validator(
        {"type": "array", "items": {"$ref": "#/components/schemas/CloudEvent"}, "components": whole["components"]},
        validate_formats=True,
    )


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_feed_sends_is_what_the_document_says(service: str) -> None:
    batch = json.loads(encode_batch(recorded(service)))
    validator = batch_validator(service)
    validator.validate(batch)
    for name in ("id", "source", "type", "subject", "time", "sequence", "actor", "log", "data", "specversion"):
        assert not validator.is_valid([{key: value for key, value in batch[0].items() if key != name}]), name
    assert not validator.is_valid([batch[0] | {"source": "/regesta/elsewhere"}])
    assert not validator.is_valid([batch[0] | {"type": "never-heard-of.v1"}])
