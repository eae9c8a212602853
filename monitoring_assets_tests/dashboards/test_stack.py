"""The compose file against the schema of Compose 1.29 (package docker-compose, Apache-2.0).

Later versions of Compose read all of that one; only the top-level `name` is newer.
"""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from monitoring_assets.cli.main import COMMANDS
from monitoring_assets_tests.docs.pages import ROOT

SCHEMA = json.loads((Path(__file__).parent / "compose_spec.json").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: s for name, s in SERVICES.items() if s["image"] == "mlmon:local"}
each = pytest.mark.parametrize("name", SERVICES)


def _without_name(compose):
    return {key: value for key, value in compose.items() if key != "name"}


def test_the_file_has_the_form_of_compose():
    jsonschema.Draft4Validator(SCHEMA).validate(_without_name(COMPOSE))


def test_another_form_is_noticed():
    broken = _without_name(COMPOSE) | {"services": {"a": {"imgae": "x"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(broken)


def test_the_services_are_there():
    assert {
        "postgres",
        "code-server",
        "webserver",
        "daemon",
        "exporter",
        "prometheus",
        "grafana",
        "demo",
    } <= set(SERVICES)


@each
def test_ports_are_on_loopback_only(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@each
def test_an_image_is_of_one_version(name):
    image = SERVICES[name]["image"]
    assert image == "mlmon:local" or re.search(r":v?\d+\.\d+[\w.-]*$", image)


def test_our_own_image_is_built_on_one_version():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {
        "python:3.13.7-slim-bookworm"
    }
    assert "\nUSER mlmon\n" in dockerfile


@each
def test_no_password_stands_in_the_environment(name):
    for key, value in SERVICES[name].get("environment", {}).items():
        if "PASSWORD" in key:
            assert value.startswith("/run/secrets/"), key


@each
def test_secrets_that_are_used_are_files(name):
    used = re.findall(r"/run/secrets/(\w+)", json.dumps(SERVICES[name]))
    assert set(used) <= set(SERVICES[name].get("secrets", []))
    assert all(COMPOSE["secrets"][secret]["file"] for secret in used)


def test_the_makefile_makes_every_secret():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = re.search(r"for name in ([\w ]+); do", makefile)[1].split()
    assert set(made) == set(COMPOSE["secrets"])
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", OURS)
def test_our_services_may_not_more_than_they_need(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_viewers_get_a_ui_that_launches_nothing():
    assert "--read-only" in SERVICES["webserver"]["command"]
    assert SERVICES["webserver-admin"]["profiles"] == ["admin"]


def test_grafana_and_the_exporter_read_as_the_reader():
    assert SERVICES["grafana"]["environment"]["GF_MLMON_USER"] == "grafana_reader"
    assert SERVICES["exporter"]["environment"]["DATABASE_USER"] == "grafana_reader"


@pytest.mark.parametrize("name", OURS)
def test_commands_exist(name):
    words = json.dumps(OURS[name]["command"])
    for command in re.findall(r'mlmon(?:", "| )([a-z-]+)', words):
        assert command in COMMANDS


@each
def test_what_is_mounted_from_here_is_here(name):
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]


def test_what_the_image_copies_is_sent_to_the_builder():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    sent = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for line in re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert source.split("/")[0] in sent
            assert (ROOT / source).exists()
