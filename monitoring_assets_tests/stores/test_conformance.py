"""Every store keeps the promises of its port."""

import pytest

from monitoring_assets.stores import alert_conformance, conformance
from monitoring_assets.stores.alerts import PostgresAlerts
from monitoring_assets.stores.artifacts import FileArtifacts
from monitoring_assets.stores.measurements import PostgresMeasurements
from monitoring_assets.stores.memory import (
    MemoryArtifacts,
    MemoryMeasurements,
    MemorySourceStates,
)
from monitoring_assets.stores.memory_alerts import MemoryAlerts
from monitoring_assets.stores.source_states import PostgresSourceStates


def each(checks):
    return pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__)


@each(conformance.MEASUREMENT_CHECKS)
def test_measurements_in_postgres(check, engine):
    check(PostgresMeasurements(engine))


@each(conformance.MEASUREMENT_CHECKS)
def test_measurements_in_memory(check):
    check(MemoryMeasurements())


@each(alert_conformance.CHECKS)
def test_alerts_in_postgres(check, engine):
    check(PostgresAlerts(engine))


@each(alert_conformance.CHECKS)
def test_alerts_in_memory(check):
    check(MemoryAlerts())


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
