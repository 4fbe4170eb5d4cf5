"""Each service does what its OpenAPI document says, whatever is sent to it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from cli.installation import services
from cli.tokens import SERVICES
from tests.services.conftest import Run

SECONDS: Final = 20
PATIENCE_SECONDS: Final = 120
OPTIONS: Final = (
    # A document cannot say which objectives there are, or that bands leave no hole: what fits it may yet be refused.
    *("--exclude-checks", "positive_data_acceptance"),
    # Schemathesis makes no NDJSON; the kernel's tests of the bulk do.
    *("--exclude-path-regex", "/commands$"),
    *("--phases", "coverage,fuzzing,stateful", "--max-time", str(SECONDS)),
    # Hypothesis parses Python in every thread, which CPython 3.11 cannot do in two at once.
    *("--workers", "1"),
    *("--seed", "1", "--no-shrink", "--continue-on-failure", "--request-timeout", "30"),
)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_keeps_to_its_openapi(name: str, run: Run, tmp_path: Path) -> None:
    running = await run(*services())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/{name}/v1/openapi.json", *OPTIONS),
        *("--header", f"Authorization: {running.client.headers['authorization']}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == 0, output.decode()
