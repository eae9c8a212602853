import json
import re
from contextlib import contextmanager

import dagster as dg
import pytest
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing.utils import create_defs_folder_sandbox

from monitoring_assets.composition import Workspace
from monitoring_assets_tests.defs.test_graph import told
from monitoring_assets_tests.defs.world import World


@contextmanager
def loaded(text):
    """Yield the folder, the component and the definitions of a YAML file in a project."""
    from monitoring_assets.definitions import shared_definitions

    with create_defs_folder_sandbox(project_name="project") as sandbox:
        folder = sandbox.defs_folder_path / "churn"
        folder.mkdir()
        (folder / "defs.yaml").write_text(text)
        with sandbox.load_component_and_build_defs(defs_path=folder) as (component, defs):
            shared = shared_definitions(Workspace({}))
            yield folder, component, dg.Definitions.merge(shared, defs)


def test_it_gives_the_assets_of_the_models_folder(tmp_path):
    world = World(folder=tmp_path).create()
    expected = told(world.definitions(), world.models)
    with loaded(world.yaml()) as (folder, _component, defs):
        found = json.dumps(told(defs, folder)).replace("defs.yaml", "churn.yaml")
    assert json.loads(found) == expected


def test_relative_paths_start_at_the_folder_of_its_file(tmp_path):
    world = World(folder=tmp_path).create()
    with loaded(world.yaml()) as (folder, component, _defs):
        located = component.model.located("../data/rows.parquet")
    assert located == str(folder.parent.resolve() / "data" / "rows.parquet")


def test_its_assets_lead_to_its_file(tmp_path):
    world = World(folder=tmp_path).create()
    with loaded(world.yaml()) as (folder, _component, defs):
        assert told(defs, folder)["assets"]["churn/labels"]["configuration"] == "defs.yaml"


@pytest.mark.parametrize(
    ("right", "wrong", "where", "line"),
    [
        ("task: binary", "task: ternary", "task", "task: ternary"),
        ("owner: team:risk", "owner: team:risk\n  colour: red", "colour", "colour: red"),
        ("every: day", "every: week", "cadence.every", "every: week"),
        ("load: numeric", "load: number", "features.load", "load: number"),
        ("  task: binary\n", "", "task", "attributes:"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path, right, wrong, where, line):
    text = World(folder=tmp_path).yaml().replace(right, wrong)
    number = 1 + text[: text.index(line)].count("\n")
    with pytest.raises(ComponentTreeException) as failed, loaded(text):
        pass
    told = str(failed.value.__cause__)
    assert re.search(rf"{re.escape(where)}\S* at \S*defs\.yaml:{number}`", told)
