"""A Spark session for all tests, where Java and pyspark are installed."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest


def _missing():
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin/java").exists()):
        return "Spark needs Java 17 or newer, and there is no java"
    return None if find_spec("pyspark") else "pyspark is not installed: make test does"


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Yield a real Spark in this process, on two cores."""
    if reason := _missing():
        pytest.skip(reason)
    from pyspark.sql import SparkSession

    folder = str(tmp_path_factory.mktemp("spark"))
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", folder)
        .config("spark.driver.extraJavaOptions", f"-Dderby.system.home={folder}")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
