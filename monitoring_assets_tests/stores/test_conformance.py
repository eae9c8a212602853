"""Every store keeps the promises of its port."""

import pytest

from monitoring_assets.stores import conformance
from monitoring_assets.stores.artifacts import FileArtifacts
from monitoring_assets.stores.decisions import PostgresDecisions
from monitoring_assets.stores.measurements import PostgresMeasurements
from monitoring_assets.stores.memory import (
    MemoryArtifacts,
    MemoryDecisions,
    MemoryMeasurements,
    MemorySourceStates,
)
from monitoring_assets.stores.outbox import PostgresOutbox
from monitoring_assets.stores.source_states import PostgresSourceStates


def each(checks):
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__)


@each(conformance.MEASUREMENT_CHECKS)
def test_measurements_in_postgres(check, engine):
    check(PostgresMeasurements(engine))


@each(conformance.MEASUREMENT_CHECKS)
def test_measurements_in_memory(check):
    check(MemoryMeasurements())


@each(conformance.DECISION_CHECKS)
def test_decisions_in_postgres(check, engine):
    check(PostgresDecisions(engine))


@each(conformance.DECISION_CHECKS)
def test_decisions_in_memory(check):
    check(MemoryDecisions())


@each(conformance.OUTBOX_CHECKS)
def test_outbox_in_postgres(check, engine):
    check(PostgresDecisions(engine), PostgresOutbox(engine))


@each(conformance.OUTBOX_CHECKS)
def test_outbox_in_memory(check):
    decisions = MemoryDecisions()
    check(decisions, decisions.outbox)


@each(conformance.SOURCE_STATE_CHECKS)
def test_source_states_in_postgres(check, engine):
    check(PostgresSourceStates(engine))


@each(conformance.SOURCE_STATE_CHECKS)
def test_source_states_in_memory(check):
    check(MemorySourceStates())


@each(conformance.ARTIFACT_CHECKS)
def test_artifacts_in_a_folder(check, tmp_path):
    check(FileArtifacts(str(tmp_path / "artifacts")))


@each(conformance.ARTIFACT_CHECKS)
def test_artifacts_in_memory(check):
    check(MemoryArtifacts())
