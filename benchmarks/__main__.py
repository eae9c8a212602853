"""List the benchmarks: each is `python -m benchmarks.<name> --help`."""

import pkgutil
from importlib import import_module

import benchmarks

for module in pkgutil.iter_modules(benchmarks.__path__):
    if not module.name.startswith("_"):
        text = (import_module(f"benchmarks.{module.name}").__doc__ or "").splitlines()[0]
        print(f"python -m benchmarks.{module.name:<16} {text}")
