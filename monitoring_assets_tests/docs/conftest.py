"""The pages and the source that the tests of the documentation compare."""

from importlib.util import module_from_spec, spec_from_file_location

import pytest

from monitoring_assets_tests.docs.pages import ROOT, read_pages


@pytest.fixture(scope="session")
def pages():
    return read_pages()


@pytest.fixture(scope="session")
def documentation(pages):
    return "\n".join(page.text for page in pages)


@pytest.fixture(scope="session")
def readme():
    return next(page for page in read_pages() if page.name == "README.md")


@pytest.fixture(scope="session")
def package_source():
    files = sorted((ROOT / "monitoring_assets").rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@pytest.fixture(scope="session")
def model_reference():
    """Return the script that writes the tables of all keys."""
    spec = spec_from_file_location("model_reference", ROOT / "scripts/write_model_reference.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
