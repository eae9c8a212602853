"""A Spark session for all tests, where Java and pyspark are installed."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest


def _java():
    """Return the major version of the Java that Spark would start, 0 without one."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin/java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        return 0
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    return int(found[1]) if found else 0


def _missing():
    if _java() < 17:
        return f"Spark needs Java 17 or newer; here is {_java() or 'none'}"
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
