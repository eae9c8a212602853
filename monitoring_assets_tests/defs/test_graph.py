import json
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from monitoring_assets.defs.partitions import window_partitions
from monitoring_assets.domain.errors import ConfigurationError
from monitoring_assets_tests.defs.world import World

GOLDEN = Path(__file__).parent / "golden" / "graph.json"


def test_the_graph_of_a_model_is_the_golden_one(tmp_path):
    world = World(folder=tmp_path).create()
    assert told(world.definitions(), world.folder) == json.loads(GOLDEN.read_text())


def test_definitions_of_several_models_are_loadable(tmp_path):
    World(folder=tmp_path, name="churn").create()
    world = World(folder=tmp_path, name="fraud", every="hour").create()
    dg.Definitions.validate_loadable(world.definitions())


def test_loading_them_warns_of_nothing(tmp_path, recwarn):
    World(folder=tmp_path).create().definitions()
    assert [str(w.message) for w in recwarn] == []


def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path):
    world = World(folder=tmp_path).create()
    world.model_file.write_text(world.yaml().replace("task: binary", "task: ternary"))
    with pytest.raises(ConfigurationError, match=r"churn\.yaml:4: task"):
        world.definitions()


def test_every_asset_leads_to_the_file_of_its_model(tmp_path):
    world = World(folder=tmp_path).create()
    graph = world.definitions().resolve_asset_graph()
    files = {
        reference.file_path
        for key in graph.get_all_asset_keys()
        if (references := graph.get(key).metadata.get("dagster/code_references"))
        for reference in references.code_references
    }
    assert files == {str(world.model_file)}


@pytest.mark.parametrize(
    ("every", "timezone", "start"),
    [
        ("day", "UTC", "2026-01-01"),
        ("day", "Europe/Berlin", "2026-03-20"),
        ("day", "America/New_York", "2025-10-25"),
        ("day", "Australia/Lord_Howe", "2026-03-25"),
        ("hour", "UTC", "2026-10-24"),
    ],
)
def test_partitions_are_the_windows_of_the_domain(tmp_path, every, timezone, start):
    world = World(folder=tmp_path, every=every, timezone=timezone, start=start).create()
    model = world.model
    partitions, cadence = window_partitions(model.config), model.config.cadence.windows
    until = cadence.first().start + timedelta(days=30)
    windows = list(cadence.between(cadence.first(), cadence.last_complete(until)))
    keys = partitions.get_partition_keys(current_time=until)
    assert keys == [window.key for window in windows]
    spans = [partitions.time_window_for_partition_key(key) for key in keys]
    assert [(s.start, s.end) for s in spans] == [(w.start, w.end) for w in windows]


def told(loaded, folder):
    """Return what the graph says, without the folder of the test."""
    graph = loaded.resolve_asset_graph()
    repository = loaded.get_repository_def()
    assets = {
        key.to_user_string(): {
            "group": node.group_name,
            "owners": ", ".join(node.owners),
            "kinds": ", ".join(sorted(node.kinds)),
            "deps": ", ".join(sorted(parent.path[-1] for parent in node.parent_keys)),
            "partitions": str(node.partitions_def),
            "reads partitions": {
                parent.path[-1]: ", ".join(mapping.partition_keys)
                for parent, mapping in node.partition_mappings.items()
            },
            "backfill": str(node.backfill_policy),
            "is automatic": node.automation_condition is not None,
            "checks": ", ".join(sorted(c.name for c in graph.get_check_keys_for_assets({key}))),
            "columns": columns(node.metadata.get("dagster/column_schema")),
            "configuration": where(node.metadata.get("configuration"), folder),
        }
        for key in sorted(graph.get_all_asset_keys())
        for node in [graph.get(key)]
    }
    return {
        "assets": assets,
        "jobs": sorted(job for job in repository.job_names if not job.startswith("__")),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }


def columns(schema):
    if schema is None:
        return None
    return {
        c.name: f"{c.type}{'' if c.constraints.nullable else ' not null'}"
        f"{' unique' if c.constraints.unique else ''} {', '.join(c.constraints.other)}".strip()
        for c in schema.columns
    }


def where(path, folder):
    return None if path is None else str(Path(path.value).relative_to(folder))
