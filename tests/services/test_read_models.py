"""What the code says of its read models is what the migrations made: SQL names tables without a schema."""

from __future__ import annotations

import asyncpg
import pytest

from cli.tokens import SERVICES
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING
from tests.conftest import FreshDatabase

ALL = {service.name: service for service in (OBJECTIVES, KPI, BUDGET, REPORTING)}
MADE = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname NOT IN ('log', 'bus', 'regesta', 'projections', 'information_schema', 'pg_catalog')
"""
# What everything sees, whatever is searched first.
EVERYWHERE = "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace"
RIGHTS = """
SELECT count(*) FROM pg_tables
WHERE schemaname = ANY ($1::text[])
AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT, INSERT, UPDATE, DELETE')
AND NOT has_table_privilege(format('%I.%I', schemaname, tablename), 'TRUNCATE')
"""


@pytest.mark.parametrize("service", SERVICES)
async def test_each_table_has_a_name_of_its_own_in_the_schema_of_its_version(
    service: str, fresh_database: FreshDatabase
) -> None:
    projections = ALL[service].projections
    declared = [(projection.schema, table) for projection in projections for table in projection.tables]
    names = [table for _, table in declared]
    assert len(set(names)) == len(names)
    connection = await asyncpg.connect((await fresh_database(service)).dsn)
    try:
        assert {tuple(row) for row in await connection.fetch(MADE)} == set(declared)
        assert not {row["relname"] for row in await connection.fetch(EVERYWHERE)} & set(names)
        schemas = [projection.schema for projection in projections]
        assert await connection.fetchval(RIGHTS, schemas) == len(declared)
    finally:
        await connection.close()
